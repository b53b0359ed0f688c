import { generateKeyPairSync } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openPool, type Pool } from '../../db/db.ts';
import { indexSize } from '../../db/patients.ts';
import { readSyncState } from '../../db/sync.ts';
import { openFhir } from '../../ehr/fhir.ts';
import { backendServices } from '../../ehr/smart.ts';
import { openSync } from '../../ehr/sync.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

/*
 * Against SMART's own Bulk Data reference server (github.com/smart-on-fhir/bulk-data-server), started beside the project:
 * CHARTLINE_BULK_SERVER=http://127.0.0.1:9443 npm test -- --selectProjects ehr
 */
const server = process.env.CHARTLINE_BULK_SERVER;
if (!server) console.warn('left out: CHARTLINE_BULK_SERVER names no SMART Bulk Data reference server');
const suite = server ? describe : describe.skip;

suite.each([
  ['RS384', () => generateKeyPairSync('rsa', { modulusLength: 3072 })],
  ['ES384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
])('the SMART Bulk Data reference server, our key %s', (algorithm, generate) => {
  // The server reads its simulation from the path: tokens asked for, one second of preparing, 20 patients a file.
  const simulation = { err: '', page: 20, dur: 1, tlt: 15, m: 1, stu: 4, del: 0, secure: 1 };
  const baseUrl = `${server}/${Buffer.from(JSON.stringify(simulation)).toString('base64url')}/fhir`;
  const { privateKey, publicKey } = generate();
  let database: TestDatabase;
  let pool: Pool;
  let authorization: (refused: string | null) => Promise<string>;

  beforeAll(async () => {
    database = await freshDatabase();
    pool = openPool(database.url, { onError: () => {} });
    const jwk = { ...publicKey.export({ format: 'jwk' }), kid: 'ours', alg: algorithm, key_ops: ['verify'] };
    const body = new URLSearchParams({ jwks: JSON.stringify({ keys: [jwk] }) });
    const clientId = await (await fetch(`${server}/auth/register`, { method: 'POST', body })).text();
    const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    authorization = backendServices({ baseUrl, clientId, privateKey: pem, keyId: 'ours', scope: 'system/*.read' });
  });
  afterAll(async () => {
    await pool?.end();
    await database?.drop();
  });

  test('gives a token for our signed assertion, the same until it is refused', async () => {
    const first = await authorization(null);
    expect(first).toMatch(/^Bearer /);
    expect(await authorization(null)).toBe(first);
  });

  test('its whole export fills the phone index', async () => {
    const fhir = openFhir({ baseUrl, authorization });
    // It serves nothing but exports: what comes after the fill is refused.
    await openSync({ fhir, pool, region: 'US' })
      .runOnce()
      .catch(() => {});
    const { patients, numbers } = await indexSize(pool);
    expect(patients).toBeGreaterThanOrEqual(80);
    expect(numbers).toBeGreaterThanOrEqual(patients);
    const { cursor, fullReadAt } = await readSyncState(pool, 'Patient');
    expect(Date.parse(cursor ?? '')).toBeGreaterThan(0);
    expect(fullReadAt).toBeInstanceOf(Date);
  });
});
