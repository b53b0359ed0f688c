import type { HistoryDetail, HistoryEntry } from '../app/api-types.ts';
import type { Db } from './db.ts';

/*
 * The call log as the console reads it: complete rows, newest first; what a role may see of them is cut by the caller
 * (app/http/history.ts).
 */

type Row = {
  id: string;
  direction: HistoryEntry['direction'];
  started_at: Date;
  answered_at: Date | null;
  bridged_at: Date | null;
  ended_at: Date | null;
  line_name: string | null;
  caller_number: string | null;
  match_kind: HistoryEntry['match'];
  patient_name: string | null;
  assurance: HistoryEntry['assurance'];
  intent: string | null;
  outcome: string | null;
  answered_by: string | null;
  recorded: boolean;
};

const entry = `
  select call.id, call.direction, call.started_at, call.answered_at, call.bridged_at, call.ended_at,
         coalesce(line.name, call.line) as line_name, call.caller_number, call.match_kind,
         patient.name as patient_name, call.assurance, call.intent, call.outcome,
         coalesce(coalesce(staff.name, phone.display_name) || ' (' || call.answered_by || ')', call.answered_by) as answered_by,
         exists (select from recording where recording.call_id = call.id and recording.state <> 'destroyed') as recorded
    from call
    left join line on line.number = call.line
    left join patient_identity patient on patient.patient_id = call.patient_id
    left join staff on staff.extension = call.answered_by
    left join extension phone on phone.number = call.answered_by`;

/** Where a page of the list goes on: the last call of the page before. */
export type HistoryCursor = { readonly startedAt: Date; readonly callId: string };

/** Ended calls that started before `before` (null: the newest), newest first. */
export async function listCalls(
  db: Db,
  page: { readonly before: HistoryCursor | null; readonly limit: number; readonly outcome: string | null },
): Promise<HistoryEntry[]> {
  const { rows } = await db.query<Row>({
    name: 'call_history.list',
    text: `${entry}
       where call.ended_at is not null
         and ($1::timestamptz is null or (call.started_at, call.id) < ($1, $2::uuid))
         and ($4::text is null or call.outcome = $4)
       order by call.started_at desc, call.id desc
       limit $3`,
    values: [page.before?.startedAt ?? null, page.before?.callId ?? null, page.limit, page.outcome],
  });
  return rows.map(toEntry);
}

/** The call with its events, decisions and recordings; null: no such call. `playable` is false: the role decides. */
export async function findCall(db: Db, callId: string): Promise<HistoryDetail | null> {
  const {
    rows: [row],
  } = await db.query<Row>({ name: 'call_history.find', text: `${entry} where call.id = $1`, values: [callId] });
  if (!row) return null;
  const [events, decisions, recordings] = [
    await listEvents(db, callId),
    await listDecisions(db, callId),
    await listRecordings(db, callId),
  ];
  return { ...toEntry(row), events, decisions, recordings };
}

async function listEvents(db: Db, callId: string): Promise<HistoryDetail['events']> {
  const { rows } = await db.query<{ sequence: number; at: Date; kind: string; note: string | null }>({
    name: 'call_history.events',
    text: `
      select sequence, at, kind, coalesce(
               detail->>'because', detail->>'rule', detail->>'intent', detail->>'extension', detail->>'key',
               (select string_agg(number, ', ') from jsonb_array_elements_text(
                  case jsonb_typeof(detail->'extensions') when 'array' then detail->'extensions' else '[]' end) number)
             ) as note
        from call_event where call_id = $1 order by sequence`,
    values: [callId],
  });
  return rows.map((event) => ({ ...event, at: event.at.toISOString() }));
}

type Trial = { name: string; applied: boolean; because: string };

async function listDecisions(db: Db, callId: string): Promise<HistoryDetail['decisions']> {
  const { rows } = await db.query<{
    number: number;
    at: Date;
    rule_name: string | null;
    took_us: number;
    reasons: Trial[];
  }>({
    name: 'call_history.decisions',
    text: 'select number, at, rule_name, took_us, reasons from decision where call_id = $1 order by number',
    values: [callId],
  });
  return rows.map((decision) => ({
    number: decision.number,
    at: decision.at.toISOString(),
    rule: decision.rule_name,
    tookMs: decision.took_us / 1_000,
    reasons: decision.reasons.map(({ name, applied, because }) => ({ name, applied, because })),
  }));
}

async function listRecordings(db: Db, callId: string): Promise<HistoryDetail['recordings']> {
  const { rows } = await db.query<{
    id: string;
    started_at: Date;
    duration_ms: number | null;
    state: HistoryDetail['recordings'][number]['state'];
  }>({
    name: 'call_history.recordings',
    text: 'select id, started_at, duration_ms, state from recording where call_id = $1 order by started_at',
    values: [callId],
  });
  return rows.map((recording) => ({
    id: recording.id,
    startedAt: recording.started_at.toISOString(),
    durationMs: recording.duration_ms,
    state: recording.state,
    playable: false,
  }));
}

function toEntry(row: Row): HistoryEntry {
  return {
    callId: row.id,
    direction: row.direction,
    startedAt: row.started_at.toISOString(),
    answeredAt: row.answered_at?.toISOString() ?? null,
    bridgedAt: row.bridged_at?.toISOString() ?? null,
    endedAt: row.ended_at?.toISOString() ?? null,
    lineName: row.line_name,
    callerNumber: row.caller_number,
    match: row.match_kind,
    patientName: row.patient_name,
    assurance: row.assurance,
    intent: row.intent,
    outcome: row.outcome,
    answeredBy: row.answered_by,
    recorded: row.recorded,
  };
}
