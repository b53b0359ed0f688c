import { createHash } from 'node:crypto';
import type { Db } from './db.ts';

/** What JSON can hold. */
export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

export type AuditEvent = {
  /** Login, or the name of the program that acted. */
  readonly actor: string;
  /** What was done: 'recording.listen', 'login.failed'. */
  readonly action: string;
  /** To what: 'recording:<id>', 'call:<id>'. */
  readonly subject: string;
  /** Particulars; ids and reasons, no clinical text. */
  readonly detail?: { readonly [key: string]: Json };
};

/** A link of the chain, to be kept where the database's owner cannot write. */
export type AuditAnchor = { readonly sequence: number; readonly hash: string };

const pageSize = 5000;
const firstPrevious = '0'.repeat(64);

/**
 * Adds an event to the chain; one round trip. Writers wait for each other on the head's row, inside a transaction until
 * it ends: append last. Throws when it cannot be stored: then do not do what it would have told.
 */
export async function appendAudit(db: Db, event: AuditEvent): Promise<AuditAnchor> {
  const detail = event.detail ?? {};
  const { rows } = await db.query<{ sequence: string; hash: string }>({
    name: 'audit.append',
    text: `select sequence, hash from audit_append($1, $2, $3, $4, $5)`,
    values: [event.actor, event.action, event.subject, JSON.stringify(detail), bodyHash({ ...event, detail })],
  });
  const [row] = rows;
  if (!row) throw new Error('audit_append returned nothing');
  return { sequence: Number(row.sequence), hash: row.hash };
}

/** `brokenAt`: the first sequence that does not fit, and why. */
export type AuditVerdict =
  | { readonly kind: 'unbroken'; readonly events: number; readonly head: AuditAnchor }
  | { readonly kind: 'broken'; readonly brokenAt: number; readonly because: string };

type Row = {
  readonly sequence: string;
  readonly atText: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: { readonly [key: string]: Json };
  readonly previousHash: string;
  readonly hash: string;
};

/** Walks the whole chain and compares it with its head and with `anchors` kept elsewhere. */
export async function verifyAudit(db: Db, anchors: readonly AuditAnchor[] = []): Promise<AuditVerdict> {
  // The head first: what is appended while this reads is then beyond it.
  const head = await readHead(db);
  const anchored = new Map(anchors.map((anchor) => [anchor.sequence, anchor.hash]));
  let last: AuditAnchor = { sequence: 0, hash: firstPrevious };
  for await (const row of auditRows(db)) {
    const sequence = Number(row.sequence);
    if (sequence > head.sequence) break;
    const because = faultOf(row, last, anchored.get(sequence));
    if (because) return { kind: 'broken', brokenAt: last.sequence + 1, because };
    last = { sequence, hash: row.hash };
  }
  const missing = Math.max(head.sequence, ...anchored.keys());
  if (last.sequence < missing) {
    return { kind: 'broken', brokenAt: last.sequence + 1, because: `events up to ${missing} are missing` };
  }
  if (last.hash !== head.hash) {
    return { kind: 'broken', brokenAt: last.sequence, because: 'the head is of another chain' };
  }
  return { kind: 'unbroken', events: last.sequence, head: last };
}

/** The last link. */
export async function readHead(db: Db): Promise<AuditAnchor> {
  const { rows } = await db.query<{ sequence: string; hash: string }>({
    name: 'audit.head',
    text: `select sequence, hash from audit_head`,
  });
  return { sequence: Number(rows[0]?.sequence ?? 0), hash: rows[0]?.hash ?? firstPrevious };
}

/** Every event in order, as stored; `after`: only later ones. */
export async function* auditRows(db: Db, after = 0): AsyncGenerator<Row> {
  for (let last = after; ; ) {
    const { rows } = await db.query<Row>({
      name: 'audit.page',
      text: `
        select sequence, to_char(at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as "atText",
               actor, action, subject, detail, previous_hash as "previousHash", hash
          from audit_event where sequence > $1 order by sequence limit $2`,
      values: [last, pageSize],
    });
    yield* rows;
    const end = rows.at(-1);
    if (!end) return;
    last = Number(end.sequence);
  }
}

function faultOf(row: Row, last: AuditAnchor, anchor: string | undefined): string | null {
  const sequence = Number(row.sequence);
  if (sequence !== last.sequence + 1) return `events ${last.sequence + 1} to ${sequence - 1} are missing`;
  if (row.previousHash !== last.hash) return 'it does not follow the event before it';
  const body = bodyHash({ actor: row.actor, action: row.action, subject: row.subject, detail: row.detail });
  if (row.hash !== sha256(`${last.hash}:${sequence}:${row.atText}:${body}`)) return 'its content was changed';
  if (anchor !== undefined && anchor !== row.hash) return 'it differs from the anchor kept elsewhere';
  return null;
}

function bodyHash(event: Required<AuditEvent>): string {
  const { actor, action, subject, detail } = event;
  return sha256(canonicalJson({ actor, action, subject, detail }));
}

/** JSON with sorted keys and no spaces (RFC 8785 for what JSON.stringify writes). */
export function canonicalJson(value: Json): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (value === null || typeof value !== 'object') return JSON.stringify(value);
  const members = Object.entries(value as { readonly [key: string]: Json })
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([key, member]) => `${JSON.stringify(key)}:${canonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex');
}
