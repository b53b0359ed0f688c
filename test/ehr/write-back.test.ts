import { randomUUID } from 'node:crypto';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import type { Communication } from '@medplum/fhirtypes';
import { openPool, type Pool } from '../../db/db.ts';
import { readWriteBack, retrySetAside } from '../../db/write-back.ts';
import { openFhir } from '../../ehr/fhir.ts';
import { openEhr } from '../../ehr/open.ts';
import { openWriteBack } from '../../ehr/write-back.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { type RunningEhr, startDemoEhr } from '../support/demo-ehr.ts';
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let server: RunningEhr;
let database: TestDatabase;
let pool: Pool;
let proxy: FaultProxy;

beforeAll(async () => {
  server = await startDemoEhr();
  database = await freshDatabase();
  pool = openPool(database.url, { onError: () => {} });
  proxy = await startFaultProxy(server.baseUrl);
  await openEhr({ baseUrl: server.baseUrl, region: 'US', pool }).sync.runOnce();
  await pool.query(
    "insert into extension values ('201', 'Dr. Ruiz', repeat('0', 32), repeat('0', 64), 'clinic.example')",
  );
  await pool.query(
    "insert into staff (name, extension, practitioner_id) values ('Dr. Elena Ruiz', '201', 'pract-ruiz')",
  );
});
afterEach(async () => {
  proxy.fault = 'healthy';
  await pool.query('delete from outbox');
  await pool.query('delete from call');
});
afterAll(async () => {
  await proxy?.close();
  await pool?.end();
  await database?.drop();
  await server?.close();
});

/** A call of `patientId` that has ended, in the database; its id. */
async function ended(patientId: string, more: { assurance?: number; endedSecondsAgo?: number } = {}): Promise<string> {
  const id = randomUUID();
  await pool.query(
    `insert into call (id, owner_node, direction, line, patient_id, assurance, intent, started_at, bridged_at, ended_at, outcome, answered_by)
     values ($1, 'node-1', 'inbound', '+12025550100', $2, $3, 'refill', $4::timestamptz - interval '230 seconds',
             $4::timestamptz - interval '200 seconds', $4, 'talked', '201')`,
    [id, patientId, more.assurance ?? 4, new Date(Date.now() - (more.endedSecondsAgo ?? 60) * 1000)],
  );
  return id;
}

function writeBack() {
  const fhir = openFhir({ baseUrl: proxy.baseUrl, timeoutMs: 300, breakAfter: 3, halfOpenAfterMs: 50 });
  return openWriteBack({ fhir, pool, intervalMs: 50, maxAttempts: 2 });
}

async function written(patientId: string): Promise<Communication[]> {
  const fhir = openFhir({ baseUrl: server.baseUrl });
  const found = await fhir.search('Communication', { subject: `Patient/${patientId}`, _sort: 'sent' });
  return (found.entry ?? []).map(({ resource }) => resource as Communication);
}

test('an ended call with a sure patient becomes one Communication in the chart', async () => {
  const { patientId } = EXAMPLES.known;
  const id = await ended(patientId);
  expect(await writeBack().drain()).toBe(1);
  const [communication, ...others] = await written(patientId);
  expect(others).toEqual([]);
  expect(communication).toMatchObject({
    identifier: [{ system: 'urn:chartline:call', value: id }],
    status: 'completed',
    subject: { reference: `Patient/${patientId}` },
    sender: { reference: `Patient/${patientId}` },
    recipient: [{ reference: 'Practitioner/pract-ruiz', display: 'Dr. Elena Ruiz' }],
    reasonCode: [{ text: 'refill' }],
    payload: [
      {
        contentString:
          'Telephone call from the patient with Dr. Elena Ruiz: talked 3 min 20 s. Caller identity level 4 of 4.',
      },
    ],
  });
});

test('a number that matches is no proof: such calls are not written until somebody made sure', async () => {
  const { patientId } = EXAMPLES.spanish;
  const id = await ended(patientId, { assurance: 1 });
  expect(await writeBack().drain()).toBe(0);
  await pool.query('update call set assurance = 4 where id = $1', [id]);
  expect(await writeBack().drain()).toBe(1);
});

test('delivered but not noted (a crash in between): once in effect', async () => {
  const { patientId } = EXAMPLES.related;
  await ended(patientId);
  await writeBack().drain();
  await pool.query('update outbox set delivered_at = null');
  await writeBack().drain();
  expect(await written(patientId)).toHaveLength(1);
  expect(await readWriteBack(pool)).toMatchObject({ waiting: 0, delivered: 1 });
});

test('two nodes draining at once write each call once', async () => {
  const { patientId } = EXAMPLES.openResult;
  for (let i = 0; i < 8; i++) await ended(patientId, { endedSecondsAgo: 100 - i });
  await Promise.all([writeBack().drain(), writeBack().drain(), writeBack().drain()]);
  await writeBack().drain();
  expect(await written(patientId)).toHaveLength(8);
});

test('an outage costs no attempts; when it is over, everything arrives by itself and in order', async () => {
  const { patientId } = EXAMPLES.oddFormat;
  const ids = [];
  for (let i = 0; i < 3; i++) ids.push(await ended(patientId, { endedSecondsAgo: 100 - i }));
  proxy.fault = 'server-error';
  const running = writeBack();
  running.start();
  const arrived = proxy.requests;
  while (proxy.requests < arrived + 6) await new Promise(setImmediate);
  expect((await pool.query('select max(attempts)::int as most from outbox')).rows[0].most).toBe(0);
  proxy.fault = 'healthy';
  while ((await readWriteBack(pool)).delivered < 3) await new Promise(setImmediate);
  await running.stop();
  const all = await written(patientId);
  expect(all.map(({ identifier }) => identifier?.[0]?.value)).toEqual(ids);
  const times = all.map(({ meta }) => meta?.lastUpdated ?? '');
  expect(times.toSorted()).toEqual(times);
});

test('a call that the EHR will not take is set aside and shown; the next ones go on; it can be tried again', async () => {
  const { patientId } = EXAMPLES.flagged;
  const poison = await ended(patientId, { endedSecondsAgo: 100 });
  const next = await ended(patientId, { endedSecondsAgo: 50 });
  const create = server.repository.createResource.bind(server.repository);
  server.repository.createResource = async (resource) => {
    if (JSON.stringify(resource).includes(poison)) throw new Error('cannot be stored');
    return create(resource);
  };
  const drains = writeBack();
  await drains.drain();
  await drains.drain();
  const { setAside } = await readWriteBack(pool);
  expect(setAside).toEqual([
    { sequence: expect.any(String), subject: `patient:${patientId}`, error: expect.stringMatching(/HTTP [45]\d\d/) },
  ]);
  expect((await written(patientId)).map(({ identifier }) => identifier?.[0]?.value)).toEqual([next]);
  server.repository.createResource = create;
  expect(await retrySetAside(pool)).toBe(1);
  expect(await drains.drain()).toBe(1);
});
