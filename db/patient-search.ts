import type { Db } from './db.ts';

/** A patient as the EHR names them. `birthDate` is an ISO date. */
export type PatientFound = {
  readonly patientId: string;
  readonly name: string;
  readonly birthDate: string | null;
  readonly gender: string | null;
  readonly mrn: string | null;
};

type Row = { patient_id: string; name: string; birth_date: string | null; gender: string | null; mrn: string | null };

const columns = `patient_id, name, to_char(birth_date, 'YYYY-MM-DD') as birth_date, gender, mrn`;

/** Active patients that fit everything given: words of the name in any order, birth date, MRN. By name. */
export async function searchPatients(
  db: Db,
  by: { readonly name: string | null; readonly birthDate: string | null; readonly mrn: string | null; limit: number },
): Promise<PatientFound[]> {
  const words = by.name?.toLowerCase().split(/\s+/).map(escapeLike) ?? [];
  const { rows } = await db.query<Row>({
    name: 'patient_search.search',
    text: `
      select ${columns} from patient_identity
       where active and merged_into is null
         and lower(name) like all ($1::text[])
         and ($2::date is null or birth_date = $2)
         and ($3::text is null or mrn = $3)
       order by name, birth_date limit $4`,
    values: [words.map((word) => `%${word}%`), by.birthDate, by.mrn, by.limit],
  });
  return rows.map(toPatient);
}

/** The patient, or the one they were merged into; null: not known here. */
export async function findPatient(db: Db, patientId: string): Promise<PatientFound | null> {
  const {
    rows: [row],
  } = await db.query<Row>({
    name: 'patient_search.find',
    text: `
      select ${columns} from patient_identity
       where patient_id = coalesce((select merged_into from patient_identity where patient_id = $1), $1)`,
    values: [patientId],
  });
  return row ? toPatient(row) : null;
}

function escapeLike(text: string): string {
  return text.replace(/[\\%_]/g, '\\$&');
}

function toPatient(row: Row): PatientFound {
  return { patientId: row.patient_id, name: row.name, birthDate: row.birth_date, gender: row.gender, mrn: row.mrn };
}
