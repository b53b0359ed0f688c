import type { Db, Pool } from './db.ts';
import { inTransaction } from './db.ts';

/* Calls on their way into the EHR: outbox rows of topic 'ehr.call', in order per patient (subject `patient:<id>`). */

/** What the EHR is told of a call. */
export type CallForChart = {
  readonly callId: string;
  /** The chart it belongs to now: a merged one is followed. */
  readonly patientId: string;
  readonly direction: 'inbound' | 'outbound' | 'internal';
  readonly startedAt: Date;
  readonly bridgedAt: Date | null;
  readonly endedAt: Date;
  readonly outcome: string;
  readonly intent: string | null;
  readonly assurance: number;
  readonly staffName: string | null;
  readonly practitionerId: string | null;
};

export type WaitingCall = { readonly sequence: string; readonly attempts: number; readonly call: CallForChart | null };

/**
 * Queues every call of the past week that has ended, whose patient is known at `minAssurance` or better, and that is
 * not queued yet. Repeating it changes nothing. Returns how many were queued.
 */
export async function queueEndedCalls(db: Db, minAssurance: number): Promise<number> {
  const { rowCount } = await db.query({
    name: 'write_back.queue_ended_calls',
    text: `
      insert into outbox (subject, topic, payload)
      select 'patient:' || c.patient_id, 'ehr.call', jsonb_build_object('callId', c.id)
        from call c
       where c.started_at > now() - interval '7 days' and c.ended_at is not null
         and c.patient_id is not null and c.assurance >= $1
         and not exists (select from outbox o where o.topic = 'ehr.call' and o.payload ->> 'callId' = c.id::text)
       order by c.ended_at
      on conflict do nothing`,
    values: [minAssurance],
  });
  return rowCount ?? 0;
}

/** Patients with something to deliver, longest waiting first. */
export async function waitingSubjects(db: Db): Promise<string[]> {
  const { rows } = await db.query<{ subject: string }>(`
    select subject from outbox
     where topic = 'ehr.call' and delivered_at is null and set_aside_at is null
     group by subject order by min(sequence) limit 200`);
  return rows.map(({ subject }) => subject);
}

/**
 * Runs `deliver` on the first waiting call of `subject` while no other node may, and notes what it says. Returns false
 * when there is none or another node has it. Throws what `deliver` throws; then nothing has changed.
 */
export async function withHead(
  pool: Pool,
  subject: string,
  deliver: (head: WaitingCall) => Promise<'delivered' | { readonly failed: string; readonly setAside: boolean }>,
): Promise<boolean> {
  return inTransaction(pool, async (db) => {
    // One draining node a patient at a time: order is kept.
    const { rows: locks } = await db.query<{ mine: boolean }>({
      text: `select pg_try_advisory_xact_lock(hashtextextended('write-back ' || $1, 0)) as mine`,
      values: [subject],
    });
    const head = locks[0]?.mine ? await readHead(db, subject) : null;
    if (!head) return false;
    const result = await deliver(head);
    const failed = result === 'delivered' ? null : result;
    await db.query({
      text: `
        update outbox set delivered_at = case when $3::text is null then now() end, last_error = $3,
               set_aside_at = case when $4 then now() end, attempts = attempts + 1
         where subject = $1 and sequence = $2`,
      values: [subject, head.sequence, failed?.failed ?? null, failed?.setAside ?? false],
    });
    return true;
  });
}

async function readHead(db: Db, subject: string): Promise<WaitingCall | null> {
  const { rows } = await db.query<WaitingCall & { call: (CallForChart & { startedAt: string }) | null }>({
    name: 'write_back.read_head',
    text: `
      select o.sequence, o.attempts,
             case when c.id is not null then json_build_object(
               'callId', c.id, 'patientId', coalesce(p.merged_into, c.patient_id), 'direction', c.direction,
               'startedAt', c.started_at, 'bridgedAt', c.bridged_at, 'endedAt', c.ended_at, 'outcome', c.outcome,
               'intent', c.intent, 'assurance', c.assurance, 'staffName', s.name,
               'practitionerId', s.practitioner_id) end as call
        from outbox o
        left join call c on c.id = (o.payload ->> 'callId')::uuid
        left join patient_identity p on p.patient_id = c.patient_id
        left join staff s on s.extension = c.answered_by
       where o.subject = $1 and o.topic = 'ehr.call' and o.delivered_at is null and o.set_aside_at is null
       order by o.sequence limit 1`,
    values: [subject],
  });
  const row = rows[0];
  if (!row?.call) return row ?? null;
  const at = (value: Date | string | null) => (value === null ? null : new Date(value));
  const { startedAt, bridgedAt, endedAt } = row.call;
  const dates = { startedAt: new Date(startedAt), bridgedAt: at(bridgedAt), endedAt: new Date(endedAt) };
  return { ...row, call: { ...row.call, ...dates } };
}

export type WriteBackCounts = { readonly waiting: number; readonly delivered: number; readonly setAside: SetAside[] };
export type SetAside = { readonly sequence: string; readonly subject: string; readonly error: string };

/** How the write-back stands; at most 100 of what was set aside. */
export async function readWriteBack(db: Db): Promise<WriteBackCounts> {
  const { rows } = await db.query<{ waiting: number; delivered: number }>(`
    select (count(*) filter (where delivered_at is null and set_aside_at is null))::int as waiting,
           (count(*) filter (where delivered_at is not null))::int as delivered
      from outbox where topic = 'ehr.call'`);
  const { rows: setAside } = await db.query<SetAside>(`
    select sequence, subject, last_error as error from outbox
     where topic = 'ehr.call' and set_aside_at is not null order by sequence limit 100`);
  return { waiting: rows[0]?.waiting ?? 0, delivered: rows[0]?.delivered ?? 0, setAside };
}

/** Puts everything that was set aside back in its place. Returns how many. */
export async function retrySetAside(db: Db): Promise<number> {
  const { rowCount } = await db.query(`
    update outbox set set_aside_at = null, attempts = 0 where topic = 'ehr.call' and set_aside_at is not null`);
  return rowCount ?? 0;
}
