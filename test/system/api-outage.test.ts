import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openPool, type Pool } from '../../db/db.ts';
import { aCall } from '../support/calls.ts';
import { CuttableDatabase } from '../support/cuttable.ts';
import { startTestHttp, type TestHttp, testPassword } from '../support/http.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let way: CuttableDatabase;
let pool: Pool;
let http: TestHttp;

beforeAll(async () => {
  database = await freshDatabase();
  way = await CuttableDatabase.to(database.url);
  pool = openPool(way.url, { onError: () => {} });
  http = await startTestHttp({ pool });
});
afterAll(async () => {
  await http?.close();
  await pool?.end();
  await way?.cut();
  await database?.drop();
});

test('while Postgres is away, screens that were logged in go on; what needs it says so, and works again afterwards', async () => {
  const cookie = await http.login('nurse');
  const get = (path: string) => fetch(http.url + path, { headers: { cookie } });
  const login = () =>
    fetch(`${http.url}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ login: 'nurse', password: testPassword }),
    });
  expect((await get('/api/me')).status).toBe(200);
  const call = aCall();
  http.calls.start(call);

  await way.cut();
  const shown = await get(`/api/calls/${call.callId}`);
  expect(shown.status).toBe(200);
  expect(await shown.json()).toMatchObject({ card: { patientId: 'pat-maria' } });
  for (const response of [await get('/api/history'), await login()]) {
    expect(response.status).toBe(503);
    expect(await response.json()).toMatchObject({ status: 503, title: 'Database away' });
  }
  // Logging out must hold although Postgres does not learn of it now.
  const other = await fetch(`${http.url}/api/logout`, { method: 'POST', headers: { cookie } });
  expect(other.status).toBe(204);

  await way.mend();
  expect((await get('/api/me')).status).toBe(401);
  expect((await login()).status).toBe(200);
});
