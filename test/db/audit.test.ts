import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { appendAudit, verifyAudit } from '../../db/audit.ts';
import { inTransaction, openPool, type Pool } from '../../db/db.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

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

const event = (number: number) => ({
  actor: 'dr-test',
  action: 'recording.listen',
  subject: `recording:${number}`,
  detail: { number, reason: 'quality "review"\u2028 – Ünïcode \u0001', nested: { b: [1, 2.5, null], a: true } },
});

/** As a superuser would: the triggers do not fire. */
async function tamper(sql: string): Promise<void> {
  const client = await pool.connect();
  await client.query('begin');
  await client.query(`set local session_replication_role = replica`);
  await client.query(sql);
  await client.query('commit');
  client.release();
}

async function chainOf(events: number): Promise<void> {
  for (let number = 1; number <= events; number += 1) await appendAudit(pool, event(number));
}

test('a chain that nobody touched verifies; an empty one too', async () => {
  expect(await verifyAudit(pool)).toMatchObject({ kind: 'unbroken', events: 0 });
  await chainOf(20);
  expect(await verifyAudit(pool)).toMatchObject({ kind: 'unbroken', events: 20 });
});

test('concurrent writers do not fork it, and a rolled-back event leaves no hole', async () => {
  const failed = inTransaction(pool, async (db) => {
    await appendAudit(db, event(0));
    throw new Error('rolled back');
  });
  await expect(failed).rejects.toThrow('rolled back');
  const began = performance.now();
  await Promise.all(Array.from({ length: 300 }, (_, number) => appendAudit(pool, event(number))));
  expect(performance.now() - began).toBeLessThan(10_000);
  expect(await verifyAudit(pool)).toMatchObject({ kind: 'unbroken', events: 300 });
});

test('rows refuse to be changed, deleted or emptied in the ordinary way', async () => {
  await chainOf(2);
  await expect(pool.query(`update audit_event set actor = 'x'`)).rejects.toThrow('append-only');
  await expect(pool.query('delete from audit_event')).rejects.toThrow('append-only');
  await expect(pool.query('truncate audit_event')).rejects.toThrow('append-only');
  await expect(pool.query('delete from audit_head')).rejects.toThrow('append-only');
});

test.each([
  ['a changed actor', `update audit_event set actor = 'nobody' where sequence = 4`, 4],
  ['a changed detail', `update audit_event set detail = jsonb_set(detail, '{number}', '9') where sequence = 4`, 4],
  ['a changed time', `update audit_event set at = at + interval '1 microsecond' where sequence = 4`, 4],
  ['a deleted row', `delete from audit_event where sequence = 4`, 4],
  ['a deleted first row', `delete from audit_event where sequence = 1`, 1],
  ['a chain cut off at its end', `delete from audit_event where sequence > 7`, 8],
  [
    'two rows in another order',
    `update audit_event a set actor = b.actor, detail = b.detail, subject = b.subject, at = b.at, hash = b.hash || ''
       from (select 4 as s, actor, detail, subject, at, md5('x') || md5('y') as hash from audit_event where sequence = 5
             union all
             select 5, actor, detail, subject, at, md5('z') || md5('y') from audit_event where sequence = 4) b
      where a.sequence = b.s`,
    4,
  ],
  ['an inserted row', `update audit_event set sequence = sequence + 1 where sequence = 10`, 10],
])('%s is found, by its sequence', async (_name, sql, brokenAt) => {
  await chainOf(10);
  await tamper(sql);
  expect(await verifyAudit(pool)).toMatchObject({ kind: 'broken', brokenAt });
});

test('a chain rewritten from some event on, hashes, head and all, is found by an anchor kept elsewhere', async () => {
  await chainOf(3);
  const anchor = await appendAudit(pool, event(4));
  await chainOf(2);
  // The forger starts over: removes the last events, puts the head back, and writes a chain that fits.
  await tamper(`delete from audit_event where sequence > 2`);
  await tamper(`update audit_head set sequence = 2, hash = (select hash from audit_event where sequence = 2)`);
  await chainOf(5);
  expect(await verifyAudit(pool)).toMatchObject({ kind: 'unbroken', events: 7 });
  expect(await verifyAudit(pool, [anchor])).toMatchObject({ kind: 'broken', brokenAt: 4 });
});
