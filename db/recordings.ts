import type { Db } from './db.ts';

export type RecordingState = 'recording' | 'sealed' | 'broken' | 'destroyed';

export type RecordingRow = {
  readonly id: string;
  readonly callId: string;
  readonly node: string;
  readonly startedAt: Date;
  readonly endedAt: Date | null;
  readonly state: RecordingState;
  readonly because: string | null;
  /** Relative to the recordings folder. */
  readonly path: string;
  readonly law: 'PCMU' | 'PCMA';
  readonly sizeBytes: number | null;
  readonly durationMs: number | null;
  readonly sha256: string | null;
  readonly gaps: readonly { readonly atMs: number; readonly lengthMs: number; readonly reason: string }[];
  readonly legalHold: string | null;
};

export type SealedKeyRow = { readonly sealed: Buffer; readonly publicKeyId: string };

const columns = `recording.id, call_id as "callId", node, recording.started_at as "startedAt", recording.ended_at as "endedAt", state, because,
  path, law, size_bytes::float8 as "sizeBytes", duration_ms as "durationMs", sha256, gaps, legal_hold as "legalHold"`;

/** Stores a recording that has begun, with its sealed key. Storing it again changes nothing. Throws while its call's row is not there. */
export async function insertRecording(
  db: Db,
  begun: Pick<RecordingRow, 'id' | 'callId' | 'node' | 'startedAt' | 'path' | 'law'> & SealedKeyRow,
): Promise<void> {
  await db.query({
    name: 'recordings.insert',
    text: `
      with begun as (
        insert into recording (id, call_id, node, started_at, state, path, law)
        values ($1, $2, $3, $4, 'recording', $5, $6)
        on conflict (id) do nothing
        returning id)
      insert into recording_key (recording_id, sealed, public_key_id)
      select id, $7, $8 from begun`,
    values: [
      begun.id,
      begun.callId,
      begun.node,
      begun.startedAt,
      begun.path,
      begun.law,
      begun.sealed,
      begun.publicKeyId,
    ],
  });
}

/** Stores how a running recording ended; one that has ended already keeps its first end. */
export async function finishRecording(
  db: Db,
  id: string,
  end: Pick<RecordingRow, 'because' | 'durationMs' | 'sizeBytes' | 'sha256' | 'gaps'> & {
    readonly endedAt: Date;
    readonly state: 'sealed' | 'broken';
  },
): Promise<void> {
  await db.query({
    name: 'recordings.finish',
    text: `
      update recording
         set state = $2, ended_at = $3, because = $4, duration_ms = $5, size_bytes = $6, sha256 = $7, gaps = $8
       where id = $1 and state = 'recording'`,
    values: [
      id,
      end.state,
      end.endedAt,
      end.because,
      end.durationMs,
      end.sizeBytes,
      end.sha256,
      JSON.stringify(end.gaps),
    ],
  });
}

/** Recordings of `node` that no end is stored for. */
export async function runningRecordings(db: Db, node: string): Promise<RecordingRow[]> {
  const { rows } = await db.query<RecordingRow>({
    name: 'recordings.running',
    text: `select ${columns} from recording where node = $1 and state = 'recording'`,
    values: [node],
  });
  return rows;
}

export async function findRecording(db: Db, id: string): Promise<RecordingRow | null> {
  const { rows } = await db.query<RecordingRow>({
    name: 'recordings.find',
    text: `select ${columns} from recording where id = $1`,
    values: [id],
  });
  return rows[0] ?? null;
}

/** Recordings of a call, first to last. */
export async function recordingsOfCall(db: Db, callId: string): Promise<RecordingRow[]> {
  const { rows } = await db.query<RecordingRow>({
    name: 'recordings.of_call',
    text: `select ${columns} from recording where call_id = $1 order by started_at, id`,
    values: [callId],
  });
  return rows;
}

/** The newest recordings first. */
export async function listRecordings(db: Db, limit: number): Promise<RecordingRow[]> {
  const { rows } = await db.query<RecordingRow>({
    name: 'recordings.list',
    text: `select ${columns} from recording order by started_at desc limit $1`,
    values: [limit],
  });
  return rows;
}

/** Null: destroyed. */
export async function sealedKeyOf(db: Db, recordingId: string): Promise<SealedKeyRow | null> {
  const { rows } = await db.query<SealedKeyRow>({
    name: 'recordings.sealed_key',
    text: `select sealed, public_key_id as "publicKeyId" from recording_key where recording_id = $1`,
    values: [recordingId],
  });
  return rows[0] ?? null;
}

/** One line of who did what with a recording and why; append-only. */
export async function recordAccess(
  db: Db,
  access: {
    readonly recordingId: string;
    readonly actor: string;
    readonly action: 'listen' | 'export' | 'denied' | 'destroy';
    readonly reason: string;
  },
): Promise<void> {
  await db.query({
    name: 'recordings.record_access',
    text: `insert into recording_access (recording_id, actor, action, reason) values ($1, $2, $3, $4)`,
    values: [access.recordingId, access.actor, access.action, access.reason],
  });
}

/**
 * Destroys a recording's key, so that its bytes mean nothing any more, and leaves the certificate. False when there is
 * no such recording, it is held, or it is destroyed already. The caller removes the bytes.
 */
export async function markDestroyed(
  db: Db,
  destroyed: { readonly recordingId: string; readonly actor: string; readonly reason: string },
): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'recordings.destroy',
    text: `
      with gone as (
        update recording set state = 'destroyed', destroyed_at = now()
         where id = $1 and state <> 'destroyed' and legal_hold is null
        returning id, size_bytes, sha256),
      key as (
        delete from recording_key using gone where recording_id = gone.id returning recording_id, public_key_id),
      access as (
        insert into recording_access (recording_id, actor, action, reason) select id, $2, 'destroy', $3 from gone)
      insert into destruction_certificate (recording_id, actor, reason, size_bytes, sha256, public_key_id, method)
      select gone.id, $2, $3, size_bytes, sha256, public_key_id, 'wrapping key deleted, sealed file unlinked'
        from gone left join key on key.recording_id = gone.id`,
    values: [destroyed.recordingId, destroyed.actor, destroyed.reason],
  });
  return (rowCount ?? 0) > 0;
}

/** Recordings whose key is sealed to the public key `publicKeyId`. */
export async function keysSealedTo(db: Db, publicKeyId: string): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'recordings.keys_sealed_to',
    text: `select recording_id as id from recording_key where public_key_id = $1`,
    values: [publicKeyId],
  });
  return rows.map((row) => row.id);
}

/** Replaces a recording's sealed key by what `change` makes of it, unless it was replaced or destroyed meanwhile; 1 when it was. */
export async function replaceSealedKey(
  db: Db,
  recordingId: string,
  publicKeyId: string,
  change: (sealed: Buffer) => Promise<SealedKeyRow | null>,
): Promise<number> {
  const key = await sealedKeyOf(db, recordingId);
  const next = key?.publicKeyId === publicKeyId ? await change(key.sealed) : null;
  if (!next) return 0;
  const { rowCount } = await db.query({
    name: 'recordings.replace_sealed_key',
    text: `update recording_key set sealed = $3, public_key_id = $4 where recording_id = $1 and public_key_id = $2`,
    values: [recordingId, publicKeyId, next.sealed, next.publicKeyId],
  });
  return rowCount ?? 0;
}

/** Recordings whose own id or whose call's begins with `prefix`, first to last. */
export async function recordingsByPrefix(db: Db, prefix: string): Promise<RecordingRow[]> {
  const { rows } = await db.query<RecordingRow>({
    name: 'recordings.by_prefix',
    text: `
      select ${columns} from recording
       where starts_with(recording.id::text, $1) or starts_with(call_id::text, $1)
       order by started_at, id`,
    values: [prefix],
  });
  return rows;
}

/** Every recording, `limit` at a time in the order of ids; `after`: the last id of the page before. */
export async function recordingsPage(
  db: Db,
  after: string | null,
  limit: number,
): Promise<(RecordingRow & { readonly hasKey: boolean })[]> {
  const { rows } = await db.query<RecordingRow & { hasKey: boolean }>({
    name: 'recordings.page',
    text: `
      select ${columns}, exists (select from recording_key where recording_id = recording.id) as "hasKey"
        from recording where $1::uuid is null or recording.id > $1 order by recording.id limit $2`,
    values: [after, limit],
  });
  return rows;
}

/** Finished calls whose parties were told of a recording, or needed not be, and talked, but that have none. */
export async function unrecordedCalls(db: Db, since: Date): Promise<string[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'recordings.unrecorded_calls',
    text: `
      select id from call
       where started_at >= $1 and ended_at is not null and bridged_at is not null
         and exists (select from consent where call_id = call.id and outcome in ('announced', 'agreed', 'not-needed'))
         and not exists (select from consent where call_id = call.id and outcome = 'refused')
         and not exists (select from recording where call_id = call.id)
       order by started_at`,
    values: [since],
  });
  return rows.map((row) => row.id);
}

/** Recordings that their line's retention rule no longer keeps at `now`; held ones and running ones never. */
export async function expiredRecordings(db: Db, now: Date): Promise<RecordingRow[]> {
  const { rows } = await db.query<RecordingRow>({
    name: 'recordings.expired',
    text: `
      select ${columns}
        from recording
        join call on call.id = recording.call_id
        join retention_rule on retention_rule.line =
             case when exists (select from retention_rule own where own.line = call.line) then call.line else '*' end
       where recording.state in ('sealed', 'broken') and legal_hold is null
         and recording.started_at + keep < $1
       order by recording.started_at`,
    values: [now],
  });
  return rows;
}

/** Holds a recording whatever the retention rule says, or, with null, no longer. False: no such recording, or destroyed. */
export async function setLegalHold(db: Db, recordingId: string, because: string | null): Promise<boolean> {
  const { rowCount } = await db.query({
    name: 'recordings.set_legal_hold',
    text: `update recording set legal_hold = $2 where id = $1 and state <> 'destroyed'`,
    values: [recordingId, because],
  });
  return (rowCount ?? 0) > 0;
}

export type Disclosure = {
  readonly at: Date;
  readonly actor: string;
  readonly action: 'listen' | 'export';
  readonly reason: string;
  readonly recordingId: string;
  readonly callId: string;
};

/** Who has heard or taken away recordings of a patient's calls, and why; first to last (45 CFR 164.528). */
export async function disclosuresOf(db: Db, patientId: string): Promise<Disclosure[]> {
  const { rows } = await db.query<Disclosure>({
    name: 'recordings.disclosures',
    text: `
      select recording_access.at, actor, action, reason, recording_id as "recordingId", call_id as "callId"
        from recording_access
        join recording on recording.id = recording_id
        join call on call.id = call_id
       where call.patient_id = $1 and action in ('listen', 'export')
       order by recording_access.id`,
    values: [patientId],
  });
  return rows;
}
