import { mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type LiveRules, openLiveRules, type Rules } from '../../app/live-rules.ts';
import { openLog } from '../../app/log.ts';
import { inTransaction, openPool, type Pool } from '../../db/db.ts';
import { seedRouting } from '../../db/seed-routes.ts';
import { decide } from '../../routing/decide.ts';
import type { E164 } from '../../sip/address.ts';
import { call } from '../support/clinic-facts.ts';
import { CuttableDatabase } from '../support/cuttable.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let way: CuttableDatabase;
/** What an admin works on, beside the application. */
let admin: Pool;
let dataDir: string;
const opened: { live: LiveRules; pool: Pool }[] = [];

beforeEach(async () => {
  database = await freshDatabase();
  way = await CuttableDatabase.to(database.url);
  admin = openPool(database.url, { onError: () => {} });
  dataDir = await mkdtemp(join(tmpdir(), 'chartline-live-'));
  await admin.query(
    `insert into line (number, name, time_zone, us_state) values ('+12025550100', 'Main', 'America/New_York', 'MD')`,
  );
  await admin.query(`insert into trunk (name, source, trusted) values ('carrier', '{203.0.113.0/28}', true),
    ('wide', '{203.0.0.0/16,2001:db8::/32}', false), ('off', '{198.51.100.0/24}', false)`);
  await admin.query(`update trunk set enabled = false where name = 'off'`);
  await admin.query(`insert into extension (number, display_name, ha1_md5, ha1_sha256, realm)
    values ('201', 'Ruiz desk', repeat('1', 32), repeat('2', 64), 'chartline'),
           ('299', 'Old phone', repeat('1', 32), repeat('2', 64), 'chartline')`);
  await admin.query(`update extension set enabled = false where number = '299'`);
  await admin.query(`insert into staff (name, extension, practitioner_id) values ('Dr Ruiz', '201', 'prac-ruiz')`);
  await inTransaction(admin, (db) => seedRouting(db, 'America/New_York'));
  await admin.query(`insert into patient_identity (patient_id, name) values ('p1', 'Ana Example')`);
});
afterEach(async () => {
  for (const { live, pool } of opened.splice(0)) {
    await live.close();
    await pool.end();
  }
  await admin.end();
  await way.cut();
  await database.drop();
  await rm(dataDir, { recursive: true });
});

async function open(): Promise<LiveRules> {
  const pool = openPool(way.url, { max: 4, onError: () => {} });
  const log = openLog('silent', 'test');
  const live = await openLiveRules({ databaseUrl: way.url, pool, dataDir, region: 'US', log });
  opened.push({ live, pool });
  return live;
}

/** Resolves when rules for which `wanted` holds are in force, with how long that took. */
async function until(live: LiveRules, wanted: (rules: Rules) => boolean): Promise<number> {
  const started = performance.now();
  const { promise, resolve } = Promise.withResolvers<void>();
  const stop = live.onChange((rules) => wanted(rules) && resolve());
  if (wanted(live.current())) resolve();
  await promise;
  stop();
  return performance.now() - started;
}

const ringing = (rules: Rules) => {
  const staff = rules.phones.staff({ registered: () => true, busy: () => false });
  const decision = decide({ ...call, staff }, rules.rules);
  return decision.steps.flatMap((step) => (step.kind === 'ring' ? step.extensions : []));
};

test('the phone book: lines, the narrowest enabled trunk, secrets of enabled phones, people', async () => {
  const { phones } = (await open()).current();
  expect(phones.line('+12025550100' as E164)).toMatchObject({ name: 'Main', place: 'US-MD', menu: 'intent-menu' });
  expect(phones.line('+12025550199' as E164)).toBeNull();
  expect(phones.trunkAt('203.0.113.9')?.name).toBe('carrier');
  expect(phones.trunkAt('::ffff:203.0.113.9')?.name).toBe('carrier');
  expect(phones.trunkAt('203.0.114.9')?.name).toBe('wide');
  expect(phones.trunkAt('2001:db8::5')?.name).toBe('wide');
  expect(phones.trunkAt('198.51.100.7')).toBeNull();
  expect(phones.trunkAt('not an address')).toBeNull();
  expect(phones.secretsOf('201')).toEqual({ MD5: '1'.repeat(32), 'SHA-256': '2'.repeat(64) });
  expect(phones.secretsOf('299')).toBeNull();
  expect(phones.personAt('201')).toEqual({ name: 'Dr Ruiz', extension: '201' });
  expect(phones.staff({ registered: () => true, busy: (extension) => extension === '201' })).toEqual([
    expect.objectContaining({ extension: '201', practitioner: 'prac-ruiz', state: 'busy', registered: true }),
  ]);
});

test('an edit in the database is in force in under a second; a call that began keeps its rules', async () => {
  const live = await open();
  const begun = live.current();
  expect(ringing(begun)).toEqual(['201']);
  await admin.query(`update route set enabled = false where name = 'has a PCP'`);
  expect(await until(live, (rules) => rules.version === begun.version + 1)).toBeLessThan(1_000);
  expect(ringing(live.current())).toEqual([]);
  expect(ringing(begun)).toEqual(['201']);
});

test('a person who goes out and a prompt that changes are seen too', async () => {
  const live = await open();
  await admin.query(`update staff set state = 'out'`);
  expect(await until(live, (rules) => ringing(rules).length === 0)).toBeLessThan(1_000);
  await admin.query(`update prompt set text = 'Hello.' where key = 'greeting' and language = 'en'`);
  expect(await until(live, (rules) => rules.ivr.prompts.get('greeting/en') === 'Hello.')).toBeLessThan(1_000);
});

test('the database is cut: rules stay in force, and what changed meanwhile is read when it is back', async () => {
  const live = await open();
  await admin.query(`update route set priority = 321 where name = 'has a PCP'`);
  await until(live, (rules) => rules.version === 2);
  await way.cut();
  await admin.query(`update route set enabled = false where name = 'has a PCP'`);
  expect(ringing(live.current())).toEqual(['201']);
  await way.mend();
  await until(live, (rules) => ringing(rules).length === 0);
  await admin.query(`update route set enabled = true where name = 'has a PCP'`);
  await until(live, (rules) => ringing(rules).length === 1);
});

test('a start without a database routes by the snapshot, and takes up the database when it comes', async () => {
  const first = await open();
  const { version } = first.current();
  await opened.splice(0)[0]?.live.close();
  await way.cut();

  const live = await open();
  const rules = live.current();
  expect(rules).toMatchObject({ source: 'snapshot', version });
  expect(ringing(rules)).toEqual(['201']);
  expect(rules.phones.secretsOf('201')).not.toBeNull();
  expect(rules.ivr.menus.get('intent-menu')?.options.get('9')).toEqual({ intent: 'urgent', verify: false });
  expect(rules.phones.trunkAt('203.0.113.9')?.name).toBe('carrier');

  await way.mend();
  await until(live, (now) => now.source === 'database');
  expect(live.current().version).toBe(version);
});

test('the snapshot is for its owner alone and holds no patient', async () => {
  await open();
  const file = join(dataDir, 'snapshot.json');
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  const text = await readFile(file, 'utf8');
  expect(text).toContain('has a PCP');
  expect(text).not.toContain('Ana Example');
});

test('neither database nor snapshot: calls still get an answer', async () => {
  await way.cut();
  const live = await open();
  expect(live.current().source).toBe('nothing');
  expect(decide(call, live.current().rules).steps.at(-1)).toEqual({ kind: 'goodbye', prompt: 'nobody-available' });
});

test('two nodes on one database both follow an edit, and it is audited once', async () => {
  const nodes = [await open(), await open()];
  await admin.query(`update route set priority = 1 where name = 'everybody else'`);
  await Promise.all(nodes.map((live) => until(live, (rules) => rules.version === 2)));
  expect(nodes.map((live) => live.current().rules.ordinary.anyLine[0]?.name)).toEqual([
    'everybody else',
    'everybody else',
  ]);
  // Closing waits for what is being read and audited.
  for (const { live, pool } of opened.splice(0)) {
    await live.close();
    await pool.end();
  }
  const { rows } = await admin.query(`select actor, subject, detail from audit_event where action = 'routes.change'`);
  expect(rows).toEqual([
    { actor: 'system', subject: 'route_version:1', detail: expect.objectContaining({ note: 'default routes' }) },
    { actor: expect.any(String), subject: 'route_version:2', detail: { note: null, changes: ['~ everybody else'] } },
  ]);
});
