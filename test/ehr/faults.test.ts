import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { openPool, type Pool } from '../../db/db.ts';
import { openDirectory } from '../../ehr/directory.ts';
import { type BreakerState, openFhir } from '../../ehr/fhir.ts';
import { FhirFailure } from '../../ehr/fhir-failure.ts';
import { openEhr } from '../../ehr/open.ts';
import { openCharts } from '../../ehr/summary.ts';
import { openSync } from '../../ehr/sync.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import type { E164 } from '../../sip/address.ts';
import { type RunningEhr, startDemoEhr } from '../support/demo-ehr.ts';
import { type Fault, type FaultProxy, SLOW_MS, startFaultProxy } from '../support/fault-proxy.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let server: RunningEhr;
let database: TestDatabase;
let pool: Pool;
let proxy: FaultProxy;
const { known } = EXAMPLES;

beforeAll(async () => {
  server = await startDemoEhr();
  database = await freshDatabase();
  pool = openPool(database.url, { onError: () => {} });
  proxy = await startFaultProxy(server.baseUrl);
  await openEhr({ baseUrl: server.baseUrl, region: 'US', pool }).sync.runOnce();
});
afterEach(() => {
  if (proxy) proxy.fault = 'healthy';
});
afterAll(async () => {
  await proxy?.close();
  await pool?.end();
  await database?.drop();
  await server?.close();
});

/** Charts through the proxy with short times, so that a test need not wait as long as a clinic would. */
function chartsThroughProxy(timeoutMs = 1000) {
  const states: BreakerState[] = [];
  const fhir = openFhir({
    baseUrl: proxy.baseUrl,
    timeoutMs,
    breakAfter: 3,
    halfOpenAfterMs: 100,
    maxBytes: 5_000_000,
    onBreaker: (state) => states.push(state),
  });
  return { fhir, states, charts: openCharts({ fhir, pool, batch: () => true, freshMs: 0 }) };
}

/** Short where only the time tells; a loaded machine must not turn another fault into a timeout. */
const timeoutFor = (fault: Fault) => (fault === 'slow' || fault === 'hang' ? 250 : 5000);
const faults: [Fault, string][] = [
  ['slow', 'timeout'],
  ['hang', 'timeout'],
  ['throttle', 'throttled'],
  ['server-error', 'server-error'],
  ['unauthorized', 'unauthorized'],
  ['truncated', 'malformed'],
  ['not-json', 'malformed'],
  ['wrong-type', 'malformed'],
  ['reset', 'unreachable'],
  ['huge', 'too-large'],
  ['redirect', 'unsafe'],
];

describe.each(faults)('an EHR with fault %s', (fault, kind) => {
  test(`fails one request as '${kind}' and says nothing of the patient`, async () => {
    const { fhir } = chartsThroughProxy(timeoutFor(fault));
    proxy.fault = fault;
    const failure: unknown = await fhir.read('Patient', known.patientId).catch((error) => error);
    expect(failure).toBeInstanceOf(FhirFailure);
    expect(failure).toMatchObject({ kind });
    expect(String(failure)).not.toMatch(/achebe|127\.0\.0\.1|:\/\//i);
  });

  test('still gives the caller at once, and the card in time from what was seen before', async () => {
    const { charts } = chartsThroughProxy();
    const ehr = openEhr({ baseUrl: proxy.baseUrl, region: 'US', pool });
    // Another one for each fault: what a retry brings after the test is kept too.
    const neverSeen = `pat-01${10 + faults.findIndex(([one]) => one === fault)}`;
    const healthy = await charts.summary(known.patientId, 2000);
    expect(healthy.problems.state).toBe('fresh');
    proxy.fault = fault;
    const began = performance.now();
    const [match, summary, stranger] = await Promise.all([
      ehr.directory.identify(known.number as E164, 200),
      charts.summary(known.patientId, 400),
      charts.summary(neverSeen, 400),
    ]);
    expect(performance.now() - began).toBeLessThan(1000);
    expect(match).toMatchObject({ kind: 'one', candidate: { patientId: known.patientId } });
    expect(summary.problems).toEqual({ ...healthy.problems, state: 'cached', asOf: expect.any(Date) });
    expect(stranger.problems).toMatchObject({ state: 'unavailable' });
  });

  test('opens the breaker, which spares it requests, and closes it once it is well', async () => {
    const { fhir, states } = chartsThroughProxy(timeoutFor(fault));
    proxy.fault = fault;
    const ask = () => fhir.read('Patient', known.patientId).catch((error: FhirFailure) => error.kind);
    while (fhir.breaker === 'closed') await ask();
    const before = proxy.requests;
    expect(await ask()).toBe('open');
    expect(proxy.requests).toBe(before);
    proxy.fault = 'healthy';
    let answer = await ask();
    while (typeof answer === 'string') {
      await new Promise(setImmediate);
      answer = await ask();
    }
    expect(answer).toMatchObject({ id: known.patientId });
    expect(states.slice(0, 2)).toEqual(['open', 'half-open']);
    expect(states.at(-1)).toBe('closed');
  });
});

test('what the EHR gives after the deadline arrives later', async () => {
  const { charts } = chartsThroughProxy(SLOW_MS * 2);
  proxy.fault = 'slow';
  const inTime = await charts.summary('pat-0150', 100);
  expect(inTime.demographics).toEqual({ state: 'unavailable', reason: 'timeout' });
  const whole = await charts.later('pat-0150');
  expect(whole?.demographics.state).toBe('fresh');
  expect(whole?.flags.state).toBe('fresh');
  expect(await charts.later('pat-0150')).toBeNull();
});

test('the sync of a sick EHR fails, says why, goes on by itself, and loses nothing', async () => {
  const own = await freshDatabase();
  const ownPool = openPool(own.url, { onError: () => {} });
  const states: string[] = [];
  proxy.fault = 'server-error';
  const current = Promise.withResolvers<void>();
  const failing = Promise.withResolvers<void>();
  const ehr = openEhr({
    baseUrl: proxy.baseUrl,
    region: 'US',
    pool: ownPool,
    onSync: ({ state, lastError }) => {
      if (states.at(-1) !== state) states.push(state);
      if (state === 'failing' && lastError === 'EHR server-error: HTTP 500') failing.resolve();
      if (state === 'current') current.resolve();
    },
  });
  ehr.sync.start();
  await failing.promise;
  expect(ehr.available).toBe(false);
  proxy.fault = 'healthy';
  await current.promise;
  expect(ehr.available).toBe(true);
  expect(await ehr.directory.identify(known.number as E164, 200)).toMatchObject({ kind: 'one' });
  await ehr.sync.stop();
  expect(states).toEqual(['filling', 'failing', 'current', 'stopped']);
  await ownPool.end();
  await own.drop();
});

test('a sync cut off between two pages goes on where it was', async () => {
  const own = await freshDatabase();
  const ownPool = openPool(own.url, { onError: () => {} });
  const fhir = openFhir({ baseUrl: proxy.baseUrl });
  const patients = async () => (await ownPool.query('select count(*)::int as n from patient_identity')).rows[0].n;
  let pages = 0;
  const stop = new AbortController();
  const cutOff = openSync({
    fhir,
    pool: ownPool,
    region: 'US',
    pageSize: 30,
    onChanged: () => {
      pages += 1;
      if (pages === 2) stop.abort();
    },
  });
  await expect(cutOff.runOnce(stop.signal)).rejects.toMatchObject({ kind: 'cancelled' });
  expect(await patients()).toBe(60);
  await openSync({ fhir, pool: ownPool, region: 'US', pageSize: 30 }).runOnce();
  expect(await patients()).toBe(200);
  await ownPool.end();
  await own.drop();
});

test('searches that carry a number never put it in a URL', async () => {
  const { fhir } = chartsThroughProxy();
  const before = proxy.seen.length;
  await fhir.search('Patient', { phone: '(202) 555-0143' });
  expect(proxy.seen.slice(before)).toEqual(['POST /fhir/R4/Patient/_search']);
});

test('while Postgres is away, the numbers seen before still match, others are unavailable', async () => {
  const own = openPool(database.url, { onError: () => {} });
  const directory = openDirectory({ pool: own });
  expect(await directory.identify(known.number as E164, 500)).toMatchObject({ kind: 'one' });
  await own.end();
  expect(await directory.identify(known.number as E164, 500)).toMatchObject({ kind: 'one' });
  expect(await directory.identify(EXAMPLES.spanish.number as E164, 500)).toEqual({
    kind: 'unavailable',
    reason: 'phone index away',
  });
  const stuck = { query: () => new Promise(() => {}) } as unknown as Pool;
  expect(await openDirectory({ pool: stuck }).identify(known.number as E164, 50)).toEqual({
    kind: 'unavailable',
    reason: 'phone index too slow',
  });
});
