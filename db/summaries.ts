import type { Db } from './db.ts';

/** One part of a chart summary as it was at `asOf`. The value is what `ehr/summary.ts` stored, as JSON. */
export type StoredPart = { readonly part: string; readonly value: unknown; readonly asOf: Date };

/** Every cached part of a patient's summary. */
export async function readSummary(db: Db, patientId: string): Promise<StoredPart[]> {
  const { rows } = await db.query<StoredPart>({
    name: 'summaries.read',
    text: 'select part, value, as_of as "asOf" from patient_summary where patient_id = $1',
    values: [patientId],
  });
  return rows;
}

/** Stores parts of a patient that the index knows; for others it does nothing. */
export async function saveSummary(db: Db, patientId: string, parts: readonly StoredPart[]): Promise<void> {
  await db.query({
    name: 'summaries.save',
    text: `insert into patient_summary as old (patient_id, part, value, as_of)
           select patient_id, n.part, n.value, n.as_of
             from unnest($2::text[], $3::jsonb[], $4::timestamptz[]) as n(part, value, as_of)
             join patient_identity on patient_id = $1
           on conflict (patient_id, part) do update set value = excluded.value, as_of = excluded.as_of
            where old.as_of <= excluded.as_of`,
    values: [
      patientId,
      parts.map(({ part }) => part),
      parts.map(({ value }) => JSON.stringify(value)),
      parts.map(({ asOf }) => asOf),
    ],
  });
}
