import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { hashPassword } from '../../app/auth/passwords.ts';
import { Sessions } from '../../app/auth/sessions.ts';
import { addAccount } from '../../db/accounts.ts';
import { openPool, type Pool } from '../../db/db.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

const minute = 60_000;
let database: TestDatabase;
let pool: Pool;
let now = Date.now();
let sessions: Sessions;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url, { onError: () => {} });
  await addAccount(pool, {
    login: 'Dana',
    name: 'Dana',
    role: 'nurse',
    passwordHash: await hashPassword('a long enough password'),
    staffId: null,
  });
  sessions = new Sessions(pool, { idleSeconds: 30 * 60, maxSeconds: 12 * 60 * 60 }, () => now);
});
afterAll(async () => {
  await pool?.end();
  await database?.drop();
});

async function open(): Promise<string> {
  now = Date.now();
  const opened = await sessions.open('dana', 'a long enough password');
  if (opened === 'refused') throw new Error('refused');
  return opened.sessionId;
}

test('a session ends after its idle time, for every node, and not while somebody uses it', async () => {
  const used = await open();
  const left = await open();
  for (let passed = 0; passed < 60; passed += 20) {
    expect(await sessions.find(used)).not.toBeNull();
    now += 20 * minute;
    await sessions.touch(used);
  }
  expect(await sessions.find(used)).not.toBeNull();
  expect(await sessions.find(left)).toBeNull();
  const elsewhere = new Sessions(pool, { idleSeconds: 30 * 60, maxSeconds: 12 * 60 * 60 }, () => now);
  expect(await elsewhere.find(left)).toBeNull();
  expect(await elsewhere.find(used)).not.toBeNull();
});

test('a session ends after its longest time however busy it is', async () => {
  const busy = await open();
  for (let passed = 0; passed < 12 * 60; passed += 20) {
    expect(await sessions.find(busy)).not.toBeNull();
    now += 20 * minute;
    await sessions.touch(busy);
  }
  now += minute;
  expect(await sessions.find(busy)).toBeNull();
});

test('a disabled account is out on every node within seconds', async () => {
  const session = await open();
  expect(await sessions.find(session)).not.toBeNull();
  await pool.query(`update user_account set enabled = false where login = 'dana'`);
  now += 6_000;
  expect(await sessions.find(session)).toBeNull();
  expect(await sessions.open('dana', 'a long enough password')).toBe('refused');
});
