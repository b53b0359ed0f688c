import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Observation } from '@medplum/fhirtypes';
import { openPool, type Pool } from '../../db/db.ts';
import { type Ehr, openEhr } from '../../ehr/open.ts';
import type { Part } from '../../ehr/types.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { type RunningEhr, startDemoEhr } from '../support/demo-ehr.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let server: RunningEhr;
let database: TestDatabase;
let pool: Pool;
let ehr: Ehr;
const today = new Date();
const daysFromNow = (days: number) => new Date(today.getTime() + days * 86_400_000).toISOString().slice(0, 10);

beforeAll(async () => {
  server = await startDemoEhr({ now: today });
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

function fresh<T>(part: Part<T>): T {
  if (part.state !== 'fresh') throw new Error(`part is ${JSON.stringify(part)}`);
  return part.value;
}

describe('the chart of a known caller', () => {
  test('has every part, fresh, in one round', async () => {
    const summary = await ehr.charts.summary(EXAMPLES.known.patientId, 2000);
    expect(fresh(summary.demographics)).toEqual({
      name: 'Rosalind Achebe',
      preferredName: 'Roz',
      pronouns: 'she/her',
      birthDate: '1968-03-14',
      gender: 'female',
      mrn: '200001',
      language: 'en',
      interpreterNeeded: false,
      pcp: { id: 'pract-ruiz', name: 'Dr. Elena Ruiz' },
      address: { state: 'DC', country: 'US' },
    });
    expect(fresh(summary.problems)).toEqual([
      { code: '49436004', text: 'Atrial fibrillation', main: true, onset: daysFromNow(-400) },
      { code: '38341003', text: 'Hypertension', main: false, onset: daysFromNow(-700) },
    ]);
    expect(fresh(summary.allergies)).toEqual([
      { code: '91936005', text: 'Allergy to penicillin', criticality: 'high', reaction: 'Anaphylaxis' },
    ]);
    expect(
      fresh(summary.medications)
        .map(({ text }) => text)
        .sort(),
    ).toEqual(['Apixaban 5 mg tablet', 'Lisinopril 10 mg tablet']);
    expect(fresh(summary.vitals).find(({ text }) => text === 'Blood pressure')?.value).toMatch(/^\d+\/\d+ mmHg$/);
    expect(fresh(summary.lastVisit)).toEqual({
      at: `${daysFromNow(-6)}T15:00:00.000Z`,
      reason: 'Palpitations',
      practitioner: 'Dr. Elena Ruiz',
      practitionerId: 'pract-ruiz',
    });
    expect(fresh(summary.nextAppointment)?.at.slice(0, 10)).toBe(daysFromNow(12));
    expect(fresh(summary.openItems)).toMatchObject([
      { kind: 'order', text: 'Holter monitor 48 hours', byId: 'pract-ruiz' },
    ]);
    expect(fresh(summary.careTeam).map(({ id }) => id)).toEqual(['pract-ruiz', 'pract-mensah']);
    expect(fresh(summary.flags)).toEqual([]);
  });

  test('gives routing references and dates, no clinical text', async () => {
    expect(ehr.charts.facts(await ehr.charts.summary(EXAMPLES.known.patientId, 2000))).toEqual({
      pcp: 'pract-ruiz',
      lastSeen: { practitioner: 'pract-ruiz', at: new Date(`${daysFromNow(-6)}T15:00:00.000Z`) },
      nextAppointment: { practitioner: 'pract-ruiz', at: new Date(`${daysFromNow(12)}T19:00:00.000Z`) },
      openResult: null,
      openOrder: true,
      openTask: false,
      careTeam: ['pract-ruiz', 'pract-mensah'],
      flags: [],
      language: 'en',
      birthDate: '1968-03-14',
    });
  });

  test('a waiting result names who answers for it', async () => {
    const facts = ehr.charts.facts(await ehr.charts.summary(EXAMPLES.openResult.patientId, 2000));
    expect(facts).toMatchObject({ openResult: { orderedBy: EXAMPLES.openResult.orderedBy }, language: 'vi' });
  });

  test('language, interpreter and flags are there', async () => {
    const spanish = await ehr.charts.summary(EXAMPLES.spanish.patientId, 2000);
    expect(fresh(spanish.demographics)).toMatchObject({ language: 'es', interpreterNeeded: true });
    const flagged = await ehr.charts.summary(EXAMPLES.flagged.patientId, 2000);
    expect(fresh(flagged.flags).map(({ text }) => text)).toContain('Seizure precautions');
  });
});

test("another patient's resource in the answer never reaches the card", async () => {
  const { id } = await server.repository.createResource<Observation>({
    resourceType: 'Observation',
    status: 'final',
    category: [{ coding: [{ code: 'vital-signs' }] }],
    code: { text: 'Body temperature' },
    valueQuantity: { value: 39.9, unit: 'C' },
    subject: { reference: 'Patient/pat-tran' },
    // Found by the search for patient Petrov, as a server with a broken index would.
    focus: [{ reference: `Patient/${EXAMPLES.related.patientId}` }],
  });
  const mixedUp = server.repository.search.bind(server.repository);
  server.repository.search = async (request) => {
    const bundle = await mixedUp(request);
    if (request.resourceType !== 'Observation') return bundle;
    const stray = await server.repository.readResource('Observation', id);
    return { ...bundle, entry: [...(bundle.entry ?? []), { resource: stray }] } as typeof bundle;
  };
  const summary = await ehr.charts.summary(EXAMPLES.related.patientId, 2000);
  server.repository.search = mixedUp;
  expect(fresh(summary.vitals).map(({ text }) => text)).not.toContain('Body temperature');
});

test('a patient whom the EHR does not know has no chart, and nothing throws', async () => {
  const summary = await ehr.charts.summary('pat-nobody', 2000);
  expect(summary.demographics).toEqual({ state: 'unavailable', reason: 'unsupported' });
  expect(fresh(summary.problems)).toEqual([]);
});

test('when the EHR goes away, the parts that were seen stay, with their age', async () => {
  const lone = await startDemoEhr();
  const first = openEhr({ baseUrl: lone.baseUrl, region: 'US', pool });
  const seen = await first.charts.summary('pat-0001', 2000);
  await lone.close();
  // A new process: nothing in memory, only Postgres.
  const second = openEhr({ baseUrl: lone.baseUrl, region: 'US', pool });
  const stored = async () =>
    (await pool.query('select count(*)::int as parts from patient_summary where patient_id = $1', ['pat-0001']))
      .rows[0];
  while ((await stored()).parts < 10) await new Promise(setImmediate);
  const summary = await second.charts.summary('pat-0001', 2000);
  expect(summary.problems).toMatchObject({ state: 'cached', value: fresh(seen.problems) });
  expect(summary.demographics).toMatchObject({ state: 'cached', value: fresh(seen.demographics) });
  expect(second.charts.facts(summary).pcp).toBe(first.charts.facts(seen).pcp);
});
