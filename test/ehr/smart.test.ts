import { generateKeyPairSync } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { openPool, type Pool } from '../../db/db.ts';
import { indexSize } from '../../db/patients.ts';
import { openFhir } from '../../ehr/fhir.ts';
import { backendServices } from '../../ehr/smart.ts';
import { openSync, type Sync } from '../../ehr/sync.ts';
import { EXAMPLES } from '../../embedded/ehr/examples.ts';
import { type RunningEhr, startDemoEhr } from '../support/demo-ehr.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';
import { type SmartGateway, startSmartGateway } from '../support/smart-gateway.ts';

const clientId = 'chartline-test';
const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
let server: RunningEhr;
let gateway: SmartGateway;

beforeAll(async () => {
  server = await startDemoEhr();
});
afterAll(() => server.close());
beforeEach(async () => {
  gateway = await startSmartGateway({ target: server.baseUrl, clientId, publicKey });
});
afterEach(() => gateway.close());

const options = () => ({ baseUrl: gateway.baseUrl, clientId, privateKey: pem, scope: 'system/*.rs' });
const fhirWithToken = () => openFhir({ baseUrl: gateway.baseUrl, authorization: backendServices(options()) });

describe('SMART Backend Services', () => {
  test('many requests at once ask for one token', async () => {
    const fhir = fhirWithToken();
    await Promise.all(Array.from({ length: 10 }, () => fhir.read('Patient', EXAMPLES.known.patientId)));
    expect(gateway.tokens).toBe(1);
  });

  test('a refused token is renewed at once, and the request goes through', async () => {
    const fhir = fhirWithToken();
    await fhir.read('Patient', EXAMPLES.known.patientId);
    gateway.revoke();
    expect(await fhir.read('Patient', EXAMPLES.known.patientId)).toMatchObject({ id: EXAMPLES.known.patientId });
    expect(gateway.tokens).toBe(2);
  });

  test('a token is renewed before it ends', async () => {
    gateway.tokenSeconds = 2;
    let now = Date.now();
    const authorization = backendServices({ ...options(), now: () => now });
    const first = await authorization(null);
    now += 900;
    expect(await authorization(null)).toBe(first);
    now += 200;
    expect(await authorization(null)).not.toBe(first);
  });

  test('a JWK and RSA do as well; another curve is refused before anything is asked', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const other = await startSmartGateway({ target: server.baseUrl, clientId, publicKey: rsa.publicKey });
    const jwk = JSON.stringify({ ...rsa.privateKey.export({ format: 'jwk' }), kid: 'k1' });
    expect(await backendServices({ ...options(), baseUrl: other.baseUrl, privateKey: jwk })(null)).toMatch(/^Bearer /);
    await other.close();
    const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey.export({ type: 'pkcs8', format: 'pem' });
    expect(() => backendServices({ ...options(), privateKey: p256 as string })).toThrow(/RSA or EC P-384/);
  });

  test('an unknown key is told as unauthorized, without details', async () => {
    const { privateKey: stranger } = generateKeyPairSync('ec', { namedCurve: 'P-384' });
    const authorization = backendServices({
      ...options(),
      privateKey: stranger.export({ type: 'pkcs8', format: 'pem' }) as string,
    });
    await expect(authorization(null)).rejects.toMatchObject({ kind: 'unauthorized', status: 400 });
  });

  test('an assertion is never sent in the clear to another server', async () => {
    const elsewhere = { ...options(), baseUrl: gateway.baseUrl.replace('127.0.0.1', 'localhost') };
    await expect(backendServices(elsewhere)(null)).rejects.toMatchObject({ kind: 'unsafe' });
    expect(gateway.tokens).toBe(0);
  });
});

describe('the first fill by Bulk Data export', () => {
  let database: TestDatabase;
  let pool: Pool;
  beforeEach(async () => {
    database = await freshDatabase();
    pool = openPool(database.url, { onError: () => {} });
  });
  afterEach(async () => {
    await pool.end();
    await database.drop();
  });
  const sync = (): Sync => openSync({ fhir: fhirWithToken(), pool, region: 'US' });

  test('takes everybody, and deltas follow from the time of the export', async () => {
    await sync().runOnce();
    expect(await indexSize(pool)).toMatchObject({ patients: 200 });
    expect({ exports: gateway.exports, downloads: gateway.downloads }).toEqual({ exports: 1, downloads: 2 });
    const patient = await server.repository.readResource('Patient', 'pat-0001');
    await server.repository.updateResource({
      ...patient,
      telecom: [{ system: 'phone', value: '703-555-0198' }],
    } as never);
    await sync().runOnce();
    expect(gateway.exports).toBe(1);
    const { rows } = await pool.query("select patient_id from patient_phone where number = '+17035550198'");
    expect(rows).toEqual([{ patient_id: 'pat-0001' }]);
  });

  test('cut off in a file, the next run goes on with the same export', async () => {
    gateway.cutOffs = 1;
    await expect(sync().runOnce()).rejects.toMatchObject({ kind: 'unreachable' });
    await sync().runOnce();
    expect(await indexSize(pool)).toMatchObject({ patients: 200 });
    expect(gateway.exports).toBe(1);
  });

  test('a file that was taken in is not read again after a restart', async () => {
    await sync().runOnce();
    const progress = {
      statusUrl: `${gateway.baseUrl}/jobs/Patient/1`,
      doneFiles: [`${gateway.baseUrl}/files/Patient.ndjson`],
    };
    await pool.query('delete from sync_state');
    await pool.query("insert into sync_state (source, cursor) values ('export', $1)", [JSON.stringify(progress)]);
    const before = gateway.downloads;
    await sync().runOnce();
    expect(gateway.downloads).toBe(before);
  });

  test.each([403, 404, 501])('refused with %i, pages do', async (status) => {
    gateway.refuseExport = status;
    await sync().runOnce();
    expect(await indexSize(pool)).toMatchObject({ patients: 200 });
  });
});
