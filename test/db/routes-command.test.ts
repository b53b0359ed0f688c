import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { inTransaction, openPool, type Pool } from '../../db/db.ts';
import { seedRouting } from '../../db/seed-routes.ts';
import { decide } from '../../routing/decide.ts';
import { call, callerNumber, clinicRules } from '../support/clinic-facts.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let pool: Pool;
let folder: string;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url, { onError: () => {} });
  folder = await mkdtemp(join(tmpdir(), 'chartline-route-'));
  await pool.query(
    `insert into line (number, name, time_zone) values ('+12025550100', 'Main line', 'America/New_York')`,
  );
  await pool.query(`insert into extension (number, display_name, ha1_md5, ha1_sha256, realm)
    select n, n, repeat('0', 32), repeat('0', 64), 'chartline' from unnest('{301,401,501}'::text[]) n`);
  await inTransaction(pool, (db) => seedRouting(db, 'America/New_York'));
  await pool.query(`
    with person as (insert into staff (name, extension) values ('Nurse', '301'), ('Pat', '401'), ('Sam', '501')
                    returning id, extension)
    insert into team_member (team, staff_id)
    select case extension when '301' then 'nurse-triage' when '401' then 'scheduling' else 'front-desk' end, id from person`);
});
afterAll(async () => {
  await pool.end();
  await database.drop();
  await rm(folder, { recursive: true });
});

type Ran = { readonly code: number; readonly out: string; readonly errors: string };
function route(...args: string[]): Promise<Ran> {
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      ['--disable-warning=ExperimentalWarning', 'app/cli/main.ts', 'route', ...args],
      { env: { ...process.env, NODE_OPTIONS: '', DATABASE_URL: database.url, CHARTLINE_DATA: folder } },
      (error, out, errors) => resolve({ code: error ? Number(error.code) : 0, out, errors }),
    );
  });
}
async function edits(sql: string): Promise<string> {
  const file = join(folder, `${randomUUID()}.sql`);
  await writeFile(file, sql);
  return file;
}
const tuesday = ['--to', '+1 202 555 0100', '--at', '2026-03-03 10:00', '--every-phone'];

test('explain: an unknown caller on a Tuesday, and why', async () => {
  const { code, out } = await route('explain', ...tuesday, '--from', '(303) 555-0123');
  expect(code).toBe(0);
  expect(out).toContain('A call to Main line from +13035550123 on Tuesday 2026-03-03 10:00');
  expect(out).toContain('The caller is unknown, the chart is not known.');
  expect(out).toMatch(/'everybody else' decides\n {2}because it takes every call/);
  expect(out).toMatch(/1\. rings 401 for 20 s\n {2}2\. rings 501 for 20 s\n {2}3\. plays 'nobody-available'/);
  expect(out).toContain("'after hours': needs clinic closed: clinic is open on Tuesday 2026-03-03 10:00");
});

test('explain: at night the same call is after hours; a key is heard; no phone is registered unless it is', async () => {
  const night = await route('explain', '--to', '+12025550100', '--at', '2026-12-24 18:05', '--every-phone');
  expect(night.out).toMatch(/'after hours' decides/);
  expect(night.out).toContain('clinic is closed on Thursday 2026-12-24 18:05, until Friday 2026-12-25 08:00.');
  expect((await route('explain', ...tuesday, '--intent', 'refill')).out).toMatch(/'refill' decides/);
  const nobody = await route('explain', '--to', '+12025550100', '--at', '2026-03-03 10:00');
  expect(nobody.out).toMatch(/What happens:\n {2}1\. plays 'nobody-available' and hangs up/);
});

test('mistakes are answered with what to write', async () => {
  expect(await route('explain', '--to', '+12025550999')).toMatchObject({
    code: 2,
    errors: expect.stringContaining('write one of your lines: +12025550100'),
  });
  expect((await route('explain', ...tuesday, '--intent', 'refills')).errors).toContain('write one of appointment');
  expect((await route('explain', ...tuesday, '--at', 'tomorrow-ish')).errors).toContain(
    "for example '2026-12-24 18:05'",
  );
  expect((await route('explain', ...tuesday, '--frm', '1')).errors).toContain('--frm');
  expect((await route('dance')).errors).toContain('npm run route -- explain');
});

test('--with: the edits are tried and never kept, and cannot publish themselves', async () => {
  const before = await pool.query('select max(version) as version from route_version');
  const file = await edits(`update route set enabled = false where name = 'everybody else'; delete from route_target;`);
  expect((await route('explain', ...tuesday, '--with', file)).out).toContain('No rule holds');
  expect((await route('lint', '--with', file)).out).toContain('no rule takes every call');
  const bad = await route(
    'lint',
    '--with',
    await edits(`update route set schedule = 'night' where name = 'after hours'`),
  );
  expect(bad).toMatchObject({
    code: 1,
    errors: expect.stringMatching(/route.schedule cannot be 'night'\n {2}Write one of: clinic/),
  });
  const sly = await route('lint', '--with', await edits(`delete from route where name = 'billing'; commit;`));
  expect(sly.code).toBe(1);
  expect((await pool.query('select count(*)::int as n from route')).rows[0].n).toBe(18);
  expect((await pool.query('select max(version) as version from route_version')).rows).toEqual(before.rows);
});

test('versions tell who changed what; undo goes back and is audited', async () => {
  await pool.query(`update route set priority = 55 where name = 'billing'`);
  await pool.query(`delete from route where name = 'refill'`);
  const { out } = await route('versions');
  expect(out).toMatch(/^\d+ .*\n {4}- refill\n\d+ .*\n {4}~ billing\n1 .*system \(default routes\)\n {4}18 routes/);
  const undone = await route('undo', '1');
  expect(undone).toMatchObject({
    code: 0,
    out: expect.stringMatching(/^The routes are those of version 1, as version \d+/),
  });
  const { rows } = await pool.query(`select priority from route where name in ('billing', 'refill') order by 1`);
  expect(rows).toEqual([{ priority: 60 }, { priority: 90 }]);
  const audit = await pool.query('select action, subject from audit_event');
  expect(audit.rows).toEqual([{ action: 'routes.undo', subject: 'route_version:1' }]);
  expect(await route('undo', '99')).toMatchObject({ code: 2, errors: expect.stringContaining('no version 99') });
});

test('replay: which calls would go elsewhere', async () => {
  const callId = randomUUID();
  await pool.query(
    `insert into call (id, owner_node, direction, caller_number, started_at) values ($1, 'n', 'inbound', $2, now())`,
    [callId, callerNumber],
  );
  const { callerNumber: _, ...facts } = { ...call, intent: 'billing' as const };
  const decision = decide({ ...facts, callerNumber }, clinicRules);
  await pool.query(
    `insert into decision (call_id, number, at, rules_version, rule_id, rule_name, facts, steps, reasons, took_us)
     values ($1, 1, now(), 1, $2, $3, $4, $5, '[]', 20)`,
    [callId, decision.rule?.id, decision.rule?.name, JSON.stringify(facts), JSON.stringify(decision.steps)],
  );
  expect((await route('replay', '--since', 'today')).out).toMatch(/^0 of 1 decisions/);
  const file = await edits(
    `update route_target set value = 'scheduling' where route_id = (select id from route where name = 'billing')`,
  );
  const { out } = await route('replay', '--since', 'yesterday', '--with', file);
  expect(out).toContain(`${callId}\n  was  billing: rings 501 for 20 s, then plays 'nobody-available' and hangs up`);
  expect(out).toMatch(/now {2}billing: rings 401 and 402 for 20 s, then rings 501/);
  expect(out).toMatch(/1 of 1 decisions since/);
});
