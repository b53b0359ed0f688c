import type { Db } from './db.ts';

/**
 * Fills an empty phone index with `patients` made-up patients of 2.2 numbers each, for measuring: patient n has
 * +1 2000000000+n; every fifth number is a household's. Returns how many numbers there are.
 */
export async function fillBenchIndex(db: Db, patients: number): Promise<number> {
  await db.query('set statement_timeout = 0');
  const fill = (text: string) => db.query({ text, values: [patients] });
  await fill(`
    insert into patient_identity (patient_id, name, birth_date, gender, mrn)
    select 'bench-' || n, 'Patient Number ' || n, date '1940-01-01' + n % 30000, 'female', (1000000 + n)::text
      from generate_series(0, $1::int - 1) n`);
  await fill(`
    insert into patient_phone (number, patient_id, relation, use, rank, source)
    select '+1' || (2000000000 + n), 'bench-' || n, 'primary', 'mobile', 1, 'Patient.telecom'
      from generate_series(0, $1::int - 1) n`);
  await fill(`
    insert into patient_phone (number, patient_id, relation, use, source)
    select '+1' || (4000000000 + n), 'bench-' || n, 'alternate', 'home', 'Patient.telecom'
      from generate_series(0, $1::int - 1) n`);
  await fill(`
    insert into patient_phone (number, patient_id, relation, held_by, source)
    select '+1' || (2000000000 + n - 1), 'bench-' || n, 'related', 'mother', 'Patient.contact'
      from generate_series(1, $1::int - 1, 5) n`);
  await db.query('analyze patient_phone, patient_identity');
  const { rows } = await db.query<{ count: number }>('select count(*)::int from patient_phone');
  return rows[0]?.count ?? 0;
}
