import pg from 'pg';
import type { RouteRow } from '../routing/rows.ts';
import type { StoredFacts } from '../routing/stored-facts.ts';
import type { Step } from '../routing/types.ts';
import type { E164 } from '../sip/address.ts';
import { appendAudit } from './audit.ts';
import { type Db, inTransaction, type Pool } from './db.ts';

export type RouteSet = { readonly version: number; readonly routes: readonly RouteRow[] };

const columns = `
  r.id, r.priority, r.enabled, r.name, r.line, r.direct_line as "directLine", r.caller,
  r.min_assurance as "minAssurance", r.intent, r.urgent, r.has_pcp as "hasPcp",
  r.seen_within_days as "seenWithinDays", r.seen_by as "seenBy",
  r.appointment_within_days as "appointmentWithinDays", r.open_result as "openResult", r.open_order as "openOrder",
  r.open_task as "openTask", r.care_team_member as "careTeamMember", r.flag, r.language,
  r.min_age as "minAge", r.max_age as "maxAge", r.location, r.schedule, r.while_open as "whileOpen",
  r.staff, r.staff_state as "staffState", r.queue_team as "queueTeam",
  r.queue_wait_over_seconds as "queueWaitOverSeconds", r.percentage`;

/** Every route with its targets and the version they make, as of one moment. */
export async function loadRoutes(db: Db): Promise<RouteSet> {
  const { rows } = await db.query<{ set: RouteSet }>({
    name: 'route.all',
    text: `
      select json_build_object(
        'version', coalesce((select max(version) from route_version), 0),
        'routes', coalesce((select json_agg(row_to_json(x) order by x.priority, x.id) from (
          select ${columns}, coalesce((
            select json_agg(json_build_object('kind', t.kind, 'value', t.value, 'ringSeconds', t.ring_seconds,
                                              'maxWaitSeconds', t.max_wait_seconds) order by t.position)
              from route_target t where t.route_id = r.id), '[]') as targets
            from route r) x), '[]')) as set`,
  });
  return rows[0]?.set ?? { version: 0, routes: [] };
}

export type RouteVersion = {
  readonly version: number;
  readonly at: Date;
  readonly changedBy: string;
  readonly note: string | null;
  readonly routes: readonly VersionedRoute[];
  readonly targets: readonly Readonly<Record<string, unknown>>[];
};
/** A route by its columns' names. */
export type VersionedRoute = { readonly id: number; readonly name: string } & Readonly<Record<string, unknown>>;

/** The latest versions, newest first; `upTo`: none later than this. */
export async function routeVersions(db: Db, limit: number, upTo = Number.MAX_SAFE_INTEGER): Promise<RouteVersion[]> {
  const { rows } = await db.query<Omit<RouteVersion, 'version'> & { version: string }>({
    name: 'route_version.latest',
    text: `
      select version, at, changed_by as "changedBy", note, routes, targets
        from route_version where version <= $2 order by version desc limit $1`,
    values: [limit, upTo],
  });
  return rows.map((row) => ({ ...row, version: Number(row.version) }));
}

/** Names who changes routes, and why, for the version that the transaction of `db` will leave. */
export async function signRouteChange(db: Db, actor: string, note: string | null): Promise<void> {
  await db.query(`select set_config('chartline.actor', $1, true), set_config('chartline.note', $2, true)`, [
    actor,
    note ?? '',
  ]);
}

/**
 * Makes the routes what they were in `version`, ids included; false: there is no such version. Run it in a transaction.
 * Rejects with the constraint's message when what a route names is gone.
 */
export async function restoreRoutes(db: Db, version: number): Promise<boolean> {
  const { rows } = await db.query<{ routes: unknown; targets: unknown }>(
    'select routes, targets from route_version where version = $1',
    [version],
  );
  const [kept] = rows;
  if (!kept) return false;
  await db.query('delete from route');
  // Rows of an older version lack the columns that came later: those are then empty, or the default where one must be.
  await db.query(
    `insert into route overriding system value select * from jsonb_populate_recordset(null::route, $1::jsonb)`,
    [JSON.stringify(kept.routes)],
  );
  await db.query(
    `insert into route_target (route_id, position, kind, value, ring_seconds, max_wait_seconds)
     select route_id, position, kind, value, coalesce(ring_seconds, 20), coalesce(max_wait_seconds, 600)
       from jsonb_populate_recordset(null::route_target, $1::jsonb)`,
    [JSON.stringify(kept.targets)],
  );
  return true;
}

export type StoredDecision = {
  readonly callId: string;
  readonly number: number;
  readonly at: Date;
  readonly callerNumber: E164 | null;
  readonly rule: string | null;
  readonly steps: readonly Step[];
  readonly facts: StoredFacts;
};

/** Decisions made since `since`, oldest first. */
export async function decisionsSince(db: Db, since: Date): Promise<StoredDecision[]> {
  const { rows } = await db.query<StoredDecision>({
    name: 'decision.since',
    text: `
      select d.call_id as "callId", d.number, d.at, c.caller_number as "callerNumber", d.rule_name as rule,
             d.steps, d.facts
        from decision d join call c on c.id = d.call_id
       where d.at >= $1 order by d.at, d.call_id, d.number`,
    values: [since],
  });
  return rows;
}

/**
 * What `work` sees once `sql` has been applied: everything is undone afterwards, and other connections never see it.
 * Rejects with the database's message and hint when `sql` is refused.
 */
export async function rehearse<T>(pool: Pool, sql: string, work: (db: Db) => Promise<T>): Promise<T> {
  const undo = new Error('rehearsal over');
  let result: { readonly value: T } | undefined;
  // EXECUTE refuses COMMIT and its kind: the file cannot publish itself.
  const block = pg.escapeLiteral(`begin execute ${pg.escapeLiteral(sql)}; end`);
  try {
    await inTransaction(pool, async (db) => {
      await db.query(`do ${block}`);
      await db.query('set constraints all immediate');
      result = { value: await work(db) };
      throw undo;
    });
  } catch (error) {
    if (error !== undo || !result) throw error;
  }
  if (!result) throw new Error('the rehearsal did not run');
  return result.value;
}

/** Routes that differ between two versions, in words: `+ new`, `- gone`, `~ changed`. */
export function routeChanges(before: RouteVersion | undefined, after: RouteVersion): string[] {
  const [was, is] = [asTexts(before), asTexts(after)];
  const names = [...new Set([...was.keys(), ...is.keys()])];
  return names.flatMap((name) => {
    if (!was.has(name)) return [`+ ${name}`];
    if (!is.has(name)) return [`- ${name}`];
    return was.get(name) === is.get(name) ? [] : [`~ ${name}`];
  });
}

/** Enters versions that are not in the audit yet, each once whichever node does it; returns how many. */
export async function auditRouteVersions(pool: Pool): Promise<number> {
  return inTransaction(pool, async (db) => {
    const { rows } = await db.query<{ version: string }>({
      name: 'route_version.take_unaudited',
      text: 'update route_version set audited = true where not audited returning version',
    });
    const taken = new Set(rows.map((row) => Number(row.version)));
    // With the one before the oldest, to tell what changed.
    const versions = taken.size === 0 ? [] : await routeVersions(db, taken.size + 1, Math.max(...taken));
    for (const [index, version] of [...versions.entries()].reverse()) {
      if (!taken.has(version.version)) continue;
      const changes = routeChanges(versions[index + 1], version);
      await appendAudit(db, {
        actor: version.changedBy,
        action: 'routes.change',
        subject: `route_version:${version.version}`,
        detail: { note: version.note, changes },
      });
    }
    return taken.size;
  });
}

function asTexts(version: RouteVersion | undefined): Map<string, string> {
  const targets = Map.groupBy(version?.targets ?? [], (target) => target.route_id);
  return new Map((version?.routes ?? []).map((route) => [route.name, JSON.stringify([route, targets.get(route.id)])]));
}
