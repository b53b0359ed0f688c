import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Patient } from '@medplum/fhirtypes';
import { openPool, type Pool } from '../../db/db.ts';
import { indexSize } from '../../db/patients.ts';
import { type Ehr, openEhr } from '../../ehr/open.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import type { E164 } from '../../sip/address.ts';
import { type RunningEhr, startDemoEhr } from '../support/demo-ehr.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let server: RunningEhr;
let database: TestDatabase;
let pool: Pool;
let ehr: Ehr;

beforeAll(async () => {
  server = await startDemoEhr();
  database = await freshDatabase();
  pool = openPool(database.url, { onError: () => {} });
  ehr = openEhr({ baseUrl: server.baseUrl, region: 'US', pool });
  await ehr.sync.runOnce();
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
  await server?.close();
});

const identify = (number: string) => ehr.directory.identify(number as E164, 500);

describe('after the first sync', () => {
  test('every patient of the EHR is in the index, and what could not be read is on the work list', async () => {
    const size = await indexSize(pool);
    expect(size.patients).toBe(200);
    expect(size.numbers).toBeGreaterThan(200);
    const { rows } = await pool.query('select patient_id, value, reason from phone_problem where patient_id = $1', [
      EXAMPLES.oddFormat.patientId,
    ]);
    expect(rows).toEqual([{ patient_id: EXAMPLES.oddFormat.patientId, value: 'ask at front desk', reason: 'words' }]);
  });

  test('a known number means its one patient', async () => {
    expect(await identify(EXAMPLES.known.number)).toMatchObject({
      kind: 'one',
      candidate: {
        patientId: EXAMPLES.known.patientId,
        name: EXAMPLES.known.name,
        birthDate: '1968-03-14',
        mrn: '200001',
        relation: 'primary',
        because: "the patient's primary number (mobile)",
      },
    });
  });

  test('a household line means all of them, the one with a visit today first', async () => {
    const match = await identify(EXAMPLES.family.number);
    expect(match).toMatchObject({ kind: 'several' });
    const candidates = match.kind === 'several' ? match.candidates : [];
    expect(candidates.map(({ patientId }) => patientId)).toEqual([
      'pat-haddad-noor',
      'pat-haddad-leila',
      'pat-haddad-sami',
    ]);
    expect(candidates[0]?.because).toBe('household line; has a visit today or tomorrow');
  });

  test.each([
    ['unknown', EXAMPLES.unknown.number, {}],
    [
      'given up',
      EXAMPLES.formerNumber.number,
      { not: 'given-up', because: 'only on charts as a number that is no longer used' },
    ],
    [
      "a care home's",
      EXAMPLES.facility.number,
      { not: 'shared', because: "on 9 charts, not one person's; ask who is calling" },
    ],
  ])('a number that is %s means nobody', async (_, number, why) => {
    expect(await identify(number)).toEqual({ kind: 'none', ...why });
  });

  test.each([
    ['new', EXAMPLES.newNumber],
    ['oddly written', EXAMPLES.oddFormat],
    ['shared by nobody', EXAMPLES.spanish],
  ])('a %s number matches', async (_, { number, patientId }) => {
    expect(await identify(number)).toMatchObject({ kind: 'one', candidate: { patientId } });
  });

  test('a daughter who calls for her father is said to be that', async () => {
    expect(await identify(EXAMPLES.related.number)).toMatchObject({
      kind: 'one',
      candidate: { patientId: EXAMPLES.related.patientId, relation: 'related', heldBy: 'daughter' },
    });
  });

  test('no number: withheld', async () => {
    expect(await ehr.directory.identify(null, 500)).toEqual({ kind: 'withheld' });
  });

  test('the clinic calling itself, and a blocked number, are no patients', async () => {
    await pool.query("insert into line (number, name, time_zone) values ($1, 'Main', 'America/New_York')", [
      EXAMPLES.known.number,
    ]);
    await pool.query("insert into number_exception (number, kind) values ($1, 'blocked')", [EXAMPLES.spanish.number]);
    expect(await identify(EXAMPLES.known.number)).toMatchObject({ kind: 'none', not: 'clinic' });
    expect(await identify(EXAMPLES.spanish.number)).toMatchObject({ kind: 'none', not: 'blocked' });
    await pool.query('delete from line');
    await pool.query('delete from number_exception');
  });
});

describe('what changes in the EHR', () => {
  const change = async (id: string, edit: (patient: Patient) => Partial<Patient>) => {
    const patient = await server.repository.readResource<Patient>('Patient', id);
    await server.repository.updateResource({ ...patient, ...edit(patient) });
    await ehr.sync.runOnce();
  };

  test('a second run reads everything again and touches no row', async () => {
    // xmin is the transaction that wrote the row last.
    const rows = async (table: string) => (await pool.query(`select xmin, t.* from ${table} t order by t::text`)).rows;
    const before = [await rows('patient_phone'), await rows('patient_identity'), await rows('phone_problem')];
    await ehr.sync.runOnce();
    expect(ehr.sync.status.read).toBeGreaterThan(200);
    expect([await rows('patient_phone'), await rows('patient_identity'), await rows('phone_problem')]).toEqual(before);
  });

  test('once nothing newer came for a while, the newest are not read again; a change still is', async () => {
    await pool.query("update sync_state set cursor_moved_at = now() - interval '1 hour'");
    await ehr.sync.runOnce();
    expect(ehr.sync.status.read).toBe(0);
    await change('pat-0002', () => ({ telecom: [{ system: 'phone', value: '703-555-0197' }] }));
    expect(ehr.sync.status.read).toBe(1);
    expect(await identify('+17035550197')).toMatchObject({ kind: 'one', candidate: { patientId: 'pat-0002' } });
  });

  test('a new number matches and the old one no longer does', async () => {
    await change(EXAMPLES.openResult.patientId, () => ({
      telecom: [{ system: 'phone', value: '571-555-0197', use: 'mobile' }],
    }));
    expect(await identify('+15715550197')).toMatchObject({
      kind: 'one',
      candidate: { name: EXAMPLES.openResult.name },
    });
    expect(await identify(EXAMPLES.openResult.number)).toEqual({ kind: 'none' });
  });

  test('a mended number leaves the work list', async () => {
    await change(EXAMPLES.oddFormat.patientId, ({ telecom }) => ({ telecom: telecom?.slice(0, 1) ?? [] }));
    const { rows } = await pool.query('select 1 from phone_problem where patient_id = $1', [
      EXAMPLES.oddFormat.patientId,
    ]);
    expect(rows).toEqual([]);
  });

  test('a merged chart answers as the chart that goes on', async () => {
    await change('pat-lund', () => ({
      active: true,
      link: [{ type: 'replaced-by', other: { reference: `Patient/${EXAMPLES.known.patientId}` } }],
    }));
    expect(await identify(EXAMPLES.oddFormat.number)).toMatchObject({
      kind: 'one',
      candidate: { patientId: EXAMPLES.known.patientId, name: EXAMPLES.known.name },
    });
  });

  test('an inactive patient matches no more', async () => {
    await change(EXAMPLES.flagged.patientId, () => ({ active: false }));
    expect(await identify(EXAMPLES.flagged.number)).toMatchObject({ kind: 'none' });
  });

  test('a deleted patient goes with the next full read; a deleted relative too', async () => {
    await server.repository.deleteResource('Patient', EXAMPLES.newNumber.patientId);
    await server.repository.deleteResource('RelatedPerson', 'rel-petrov-daughter');
    await pool.query("update sync_state set full_read_at = now() - interval '2 days'");
    await ehr.sync.runOnce();
    expect(await identify(EXAMPLES.newNumber.number)).toEqual({ kind: 'none' });
    expect(await identify(EXAMPLES.related.number)).toEqual({ kind: 'none' });
    expect(await indexSize(pool)).toMatchObject({ patients: 197 });
  });

  test('a full read that suddenly lacks most patients removes nobody', async () => {
    const few = await startDemoEhr({ resources: [{ resourceType: 'Patient', id: 'pat-achebe', active: true }] });
    const other = openEhr({ baseUrl: few.baseUrl, region: 'US', pool });
    await pool.query("update sync_state set full_read_at = now() - interval '2 days'");
    await expect(other.sync.runOnce()).rejects.toThrow(/nothing was removed/);
    expect((await indexSize(pool)).patients).toBeGreaterThan(190);
    await few.close();
  });
});
