import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Patient, Resource } from '@medplum/fhirtypes';
import { openPool, type Pool } from '../../db/db.ts';
import { indexSize } from '../../db/patients.ts';
import { type Ehr, openEhr } from '../../ehr/open.ts';
import { RESOURCE_TYPES } from '../../embedded/ehr/definitions.ts';
import type { E164 } from '../../sip/address.ts';
import { type RunningEhr, startDemoEhr } from '../support/demo-ehr.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { sharedData } from '../support/shared-data.ts';

const folder = sharedData('synthea');
const suite = folder ? describe : describe.skip;

suite('patients that nobody here invented (Synthea)', () => {
  const resources = folder ? readResources(folder) : [];
  const patients = resources.filter((resource) => resource.resourceType === 'Patient');
  let server: RunningEhr;
  let database: TestDatabase;
  let pool: Pool;
  let ehr: Ehr;

  beforeAll(async () => {
    server = await startDemoEhr({ resources });
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

  test('all are in the index, no number is lost', async () => {
    expect(await indexSize(pool)).toMatchObject({ patients: patients.length, unusable: 0 });
  });

  test('each is found by the number on the chart, though its area code is not assigned', async () => {
    for (const patient of patients as Patient[]) {
      const value = patient.telecom?.find(({ system }) => system === 'phone')?.value ?? '';
      const match = await ehr.directory.identify(`+1${value.replace(/\D/g, '')}` as E164, 1000);
      const named = match.kind === 'one' ? [match.candidate] : match.kind === 'several' ? match.candidates : [];
      expect(named.map(({ patientId }) => patientId)).toContain(patient.id);
    }
  });

  test('each chart is read, every part', async () => {
    let problems = 0;
    let visits = 0;
    for (const { id } of patients) {
      const summary = await ehr.charts.summary(id ?? '', 10_000);
      const parts = Object.entries(summary).filter(([name]) => name !== 'patientId');
      expect(parts.filter(([, part]) => (part as { state: string }).state !== 'fresh')).toEqual([]);
      if (summary.problems.state === 'fresh') problems += summary.problems.value.length;
      if (summary.lastVisit.state === 'fresh' && summary.lastVisit.value) visits += 1;
    }
    expect(problems).toBeGreaterThan(50);
    expect(visits).toBe(patients.length);
  });
});

function readResources(from: string): Resource[] {
  const known = new Set<string>(RESOURCE_TYPES);
  return readdirSync(from)
    .filter((file) => known.has(file.replace('.ndjson', '')))
    .flatMap((file) => readFileSync(join(from, file), 'utf8').split('\n'))
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Resource);
}
