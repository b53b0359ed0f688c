import type { Db } from './db.ts';

/** How far one FHIR resource type has been read. */
export type SyncState = {
  readonly source: string;
  /** Newest Meta.lastUpdated taken in, as the EHR wrote it; null: nothing yet. */
  readonly cursor: string | null;
  /** When the cursor took this value, by our clock. */
  readonly cursorMovedAt: Date | null;
  readonly lastSuccessAt: Date | null;
  readonly lastError: string | null;
  readonly fullReadAt: Date | null;
};

/** The state of `source`; empty when it was never read. */
export async function readSyncState(db: Db, source: string): Promise<SyncState> {
  const { rows } = await db.query<SyncState>({
    text: `select source, cursor, cursor_moved_at as "cursorMovedAt", last_success_at as "lastSuccessAt",
                  last_error as "lastError", full_read_at as "fullReadAt"
             from sync_state where source = $1`,
    values: [source],
  });
  return (
    rows[0] ?? { source, cursor: null, cursorMovedAt: null, lastSuccessAt: null, lastError: null, fullReadAt: null }
  );
}

/** The state of every resource type that was ever read. */
export async function readSyncStates(db: Db): Promise<SyncState[]> {
  const { rows } = await db.query<SyncState>(`
    select source, cursor, cursor_moved_at as "cursorMovedAt", last_success_at as "lastSuccessAt", last_error as "lastError", full_read_at as "fullReadAt"
      from sync_state order by source`);
  return rows;
}

/** Moves the cursor of `source`, in the transaction that stores what was read up to there. */
export async function advanceCursor(db: Db, source: string, cursor: string): Promise<void> {
  await db.query({
    text: `insert into sync_state as s (source, cursor, cursor_moved_at, last_attempt_at) values ($1, $2, now(), now())
           on conflict (source) do update
              set cursor = excluded.cursor, last_attempt_at = now(),
                  cursor_moved_at = case when s.cursor = excluded.cursor then s.cursor_moved_at else now() end`,
    values: [source, cursor],
  });
}

/** Notes how a reading of `source` ended: null went well. `full`: everything was read. */
export async function noteSync(
  db: Db,
  source: string,
  end: { readonly error: string | null; readonly full: boolean },
): Promise<void> {
  await db.query({
    text: `insert into sync_state as s (source, last_attempt_at, last_error, last_success_at, full_read_at)
           values ($1, now(), $2, case when $2::text is null then now() end, case when $3 then now() end)
           on conflict (source) do update
              set last_attempt_at = now(), last_error = excluded.last_error,
                  last_success_at = coalesce(excluded.last_success_at, s.last_success_at),
                  full_read_at = coalesce(excluded.full_read_at, s.full_read_at)`,
    values: [source, end.error, end.full],
  });
}

/** Forgets how far `source` was read. */
export async function dropSyncState(db: Db, source: string): Promise<void> {
  await db.query({ text: 'delete from sync_state where source = $1', values: [source] });
}

/** Begins the list of what a full read of `source` meets. */
export async function forgetSeen(db: Db, source: string): Promise<void> {
  await db.query({ text: 'delete from sync_seen where source = $1', values: [source] });
}

export async function noteSeen(db: Db, source: string, ids: readonly string[]): Promise<void> {
  await db.query({
    text: 'insert into sync_seen (source, id) select $1, unnest($2::text[]) on conflict do nothing',
    values: [source, ids],
  });
}

/** Shares of the index that a full read did not meet: a sudden loss of most patients is a fault, not a wish. */
export async function countUnseenPatients(db: Db): Promise<{ known: number; unseen: number }> {
  const { rows } = await db.query<{ known: number; unseen: number }>(`
    select count(*)::int as known,
           (count(*) filter (where not exists (select from sync_seen s where s.source = 'Patient' and s.id = patient_id)))::int as unseen
      from patient_identity`);
  return rows[0] ?? { known: 0, unseen: 0 };
}

/** Removes the patients that the EHR no longer has, with their numbers and cached summaries. */
export async function removeUnseenPatients(db: Db): Promise<number> {
  const { rowCount } = await db.query(`
    delete from patient_identity i
     where not exists (select from sync_seen s where s.source = 'Patient' and s.id = i.patient_id)`);
  return rowCount ?? 0;
}

/** Removes the numbers and problems of related persons that the EHR no longer has. */
export async function removeUnseenRelatives(db: Db): Promise<number> {
  const { rowCount } = await db.query(`
    with problems as (
      delete from phone_problem p where p.source like 'RelatedPerson/%'
         and not exists (select from sync_seen s where s.source = 'RelatedPerson' and 'RelatedPerson/' || s.id = p.source))
    delete from patient_phone p where p.source like 'RelatedPerson/%'
       and not exists (select from sync_seen s where s.source = 'RelatedPerson' and 'RelatedPerson/' || s.id = p.source)`);
  return rowCount ?? 0;
}
