import type { TeamStrategy } from '../routing/rows.ts';
import type { Db } from './db.ts';

/** Who holds a call, and for how long without a word from it. */
export type Holder = { readonly node: string; readonly leaseSeconds: number };

/** Puts a call into the team's queue. One that was in a queue before keeps its time of entry. */
export async function enterQueue(
  db: Db,
  entry: { readonly callId: string; readonly team: string; readonly urgent: boolean },
  holder: Holder,
): Promise<void> {
  await db.query({
    name: 'queue.enter',
    text: `
      with phones as (
        update queue_agent set call_id = null, owner_node = null, lease_until = null where call_id = $1)
      insert into queue_entry (call_id, team, urgent, owner_node, lease_until)
      values ($1, $2, $3, $4, clock_timestamp() + make_interval(secs => $5))
      on conflict (call_id) do update
         set team = excluded.team, urgent = excluded.urgent, lease_until = excluded.lease_until,
             offered_at = null, answered_at = null, left_at = null, outcome = null`,
    values: [entry.callId, entry.team, entry.urgent, holder.node, holder.leaseSeconds],
  });
}

/** An agent's phone that may ring; of a lower tier first. */
export type Candidate = { readonly extension: string; readonly tier: number };
export type Turn = {
  /** 1: next. */
  readonly position: number;
  /** Phones that are this call's now, to ring at once; empty: it waits. */
  readonly extensions: readonly string[];
};

/**
 * Takes phones for a waiting call when it is its turn: as many calls as there are free candidates may ring at the same
 * time. 'ring-all' takes every free one for the call that is next. No phone is ever two calls' at once, whichever nodes
 * ask; null: the call does not wait.
 */
export async function takeTurn(
  db: Db,
  callId: string,
  candidates: readonly Candidate[],
  strategy: TeamStrategy,
  holder: Holder,
): Promise<Turn | null> {
  const extensions = candidates.map((candidate) => candidate.extension);
  await db.query({
    name: 'queue.know_agents',
    text: `
      insert into queue_agent (extension) select e from unnest($1::text[]) e
       where not exists (select from queue_agent a where a.extension = e) order by e on conflict do nothing`,
    values: [extensions],
  });
  const { rows } = await db.query<Turn>({
    name: 'queue.take_turn',
    // Rows are locked one statement long and skipped by everybody else meanwhile; a row that was taken between the
    // snapshot and its lock is checked again by Postgres and left out.
    text: `
      with mine as (
        select * from queue_entry
         where call_id = $1 and left_at is null and offered_at is null for update
      ), ahead as (
        select count(q.call_id)::int as calls
          from mine m left join queue_entry q
            on q.team = m.team and q.left_at is null and q.offered_at is null and q.lease_until > clock_timestamp()
           and (not q.urgent, q.entered_at, q.call_id) < (not m.urgent, m.entered_at, m.call_id)
      ), free as (
        select a.extension, c.tier, a.last_ended_at, a.last_offered_at
          from queue_agent a join unnest($2::text[], $3::int[]) c (extension, tier) using (extension)
         where (a.lease_until is null or a.lease_until < clock_timestamp()) and exists (select from mine)
         order by c.tier, case when $4 = 'round-robin' then a.last_offered_at else a.last_ended_at end nulls first,
                  a.extension
         limit case when $4 = 'ring-all' then null else (select calls + 1 from ahead) end
           for update of a skip locked
      ), chosen as (
        select f.extension from free f
         where (select calls from ahead) < case when $4 = 'ring-all' then 1 else (select count(*) from free) end
         order by f.tier, case when $4 = 'round-robin' then f.last_offered_at else f.last_ended_at end nulls first,
                  f.extension
         limit case when $4 = 'ring-all' then null else 1 end
      ), taken as (
        update queue_agent a
           set call_id = $1, owner_node = $5, lease_until = clock_timestamp() + make_interval(secs => $6),
               last_offered_at = clock_timestamp()
          from chosen where a.extension = chosen.extension returning a.extension
      ), offered as (
        update queue_entry set offered_at = clock_timestamp()
         where call_id = $1 and exists (select from taken)
      )
      select (select calls from ahead) + 1 as position, array(select extension from taken order by 1) as extensions
        from mine`,
    values: [callId, extensions, candidates.map(({ tier }) => tier), strategy, holder.node, holder.leaseSeconds],
  });
  return rows[0] ?? null;
}

/** Nobody answered: the call waits again in its place, and its phones rest for `restSeconds` so that others get a turn. */
export async function giveBack(db: Db, callId: string, restSeconds: number): Promise<void> {
  await db.query({
    name: 'queue.give_back',
    text: `
      with entry as (update queue_entry set offered_at = null where call_id = $1 and left_at is null)
      update queue_agent
         set call_id = null, owner_node = null, lease_until = clock_timestamp() + make_interval(secs => $2)
       where call_id = $1`,
    values: [callId, restSeconds],
  });
}

/** The phone of `extension` answered: the call has left the queue, its other phones are free. */
export async function answeredFromQueue(db: Db, callId: string, extension: string): Promise<void> {
  await db.query({
    name: 'queue.answered',
    text: `
      with entry as (
        update queue_entry set answered_at = clock_timestamp(), left_at = clock_timestamp(), outcome = 'answered'
         where call_id = $1 and left_at is null)
      update queue_agent set call_id = null, owner_node = null, lease_until = null
       where call_id = $1 and extension <> $2`,
    values: [callId, extension],
  });
}

/** The talk is over: the phone is free again after the team's wrap-up. */
export async function endTalk(db: Db, callId: string): Promise<void> {
  await db.query({
    name: 'queue.end_talk',
    text: `
      update queue_agent a
         set call_id = null, owner_node = null, last_ended_at = clock_timestamp(),
             lease_until = clock_timestamp() + make_interval(secs => t.wrap_up_seconds)
        from queue_entry q join team t on t.name = q.team
       where a.call_id = $1 and q.call_id = $1`,
    values: [callId],
  });
}

/** The call leaves without an answer: hung up, or waited too long. Its phones are free. */
export async function leaveQueue(db: Db, callId: string, outcome: 'abandoned' | 'overflow'): Promise<void> {
  await db.query({
    name: 'queue.leave',
    text: `
      with entry as (
        update queue_entry set left_at = clock_timestamp(), outcome = $2 where call_id = $1 and left_at is null)
      update queue_agent set call_id = null, owner_node = null, lease_until = null where call_id = $1`,
    values: [callId, outcome],
  });
}

/**
 * Says that these calls are still held: their places and phones stay theirs. Rows that are being changed are passed over
 * and come next time, so that this never waits for a call and no call for this; renew several times a lease.
 */
export async function renewLeases(db: Db, callIds: readonly string[], leaseSeconds: number): Promise<void> {
  const values = [callIds, leaseSeconds];
  await db.query({
    name: 'queue.renew_entries',
    text: `
      update queue_entry set lease_until = clock_timestamp() + make_interval(secs => $2)
       where call_id in (
         select call_id from queue_entry where call_id = any ($1::uuid[]) and left_at is null for update skip locked)`,
    values,
  });
  await db.query({
    name: 'queue.renew_agents',
    text: `
      update queue_agent set lease_until = clock_timestamp() + make_interval(secs => $2)
       where extension in (
         select extension from queue_agent where call_id = any ($1::uuid[]) for update skip locked)`,
    values,
  });
}

export type QueueLoad = {
  readonly team: string;
  readonly waiting: number;
  readonly longestWaitSeconds: number;
  /** Average time from one answer to the next over the last half hour; null: too few. */
  readonly secondsBetweenAnswers: number | null;
};

/** How long the queues are now, and how fast they move. */
export async function queueLoads(db: Db): Promise<QueueLoad[]> {
  const { rows } = await db.query<QueueLoad>({
    name: 'queue.loads',
    text: `
      select t.name as team,
             count(q.call_id)::int as waiting,
             coalesce(extract(epoch from clock_timestamp() - min(q.entered_at)), 0)::int as "longestWaitSeconds",
             (select extract(epoch from max(a.answered_at) - min(a.answered_at))::float / nullif(count(*) - 1, 0)
                from queue_entry a
               where a.team = t.name and a.outcome = 'answered'
                 and a.answered_at > clock_timestamp() - interval '30 minutes') as "secondsBetweenAnswers"
        from team t left join queue_entry q
          on q.team = t.name and q.left_at is null and q.lease_until > clock_timestamp()
       group by t.name order by t.name`,
  });
  return rows;
}
