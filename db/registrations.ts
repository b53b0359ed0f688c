import type { Binding } from '../sip/bindings.ts';
import { type Db, inTransaction, type Pool } from './db.ts';

/** Replaces all bindings of one extension. */
export async function saveBindings(pool: Pool, extension: string, bindings: readonly Binding[]): Promise<void> {
  await inTransaction(pool, async (db) => {
    await db.query({
      name: 'registration.clear',
      text: 'delete from registration where extension = $1',
      values: [extension],
    });
    for (const binding of bindings) await insertBinding(db, binding);
  });
}

async function insertBinding(db: Db, binding: Binding): Promise<void> {
  await db.query({
    name: 'registration.insert',
    text: `
      insert into registration (extension, contact, expires_at, q, sip_call_id, cseq, edge, flow, path, received, instance, user_agent)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
    values: [
      binding.extension,
      binding.contact,
      binding.expiresAt,
      binding.q,
      binding.sipCallId,
      binding.cseq,
      binding.edge,
      binding.flow,
      binding.path,
      binding.received,
      binding.instance,
      binding.userAgent,
    ],
  });
}

/** Bindings of one edge that have not expired: what its app takes up after a restart. */
export async function loadBindings(db: Db, edge: string): Promise<Binding[]> {
  const { rows } = await db.query({
    name: 'registration.load',
    text: `
      select extension, contact, expires_at, q, sip_call_id, cseq, edge, flow, path, received, instance, user_agent
        from registration where edge = $1 and expires_at > now()`,
    values: [edge],
  });
  return rows.map((row) => ({
    extension: row.extension,
    contact: row.contact,
    expiresAt: row.expires_at,
    q: row.q,
    sipCallId: row.sip_call_id,
    cseq: Number(row.cseq),
    edge: row.edge,
    flow: row.flow,
    path: row.path,
    received: row.received,
    instance: row.instance,
    userAgent: row.user_agent,
  }));
}

/** Extensions with a phone registered now, on whichever edge. */
export async function registeredExtensions(db: Db): Promise<ReadonlySet<string>> {
  const { rows } = await db.query<{ extension: string }>({
    name: 'registration.extensions',
    text: 'select distinct extension from registration where expires_at > now()',
  });
  return new Set(rows.map((row) => row.extension));
}
