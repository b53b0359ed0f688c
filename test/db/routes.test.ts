import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { inTransaction, openPool, type Pool } from '../../db/db.ts';
import { loadPhones } from '../../db/phones.ts';
import { loadRoutes, restoreRoutes, routeVersions, signRouteChange } from '../../db/routes.ts';
import { loadSchedules } from '../../db/schedules.ts';
import { insertRoute, seedRouting } from '../../db/seed-routes.ts';
import { blankRoute, defaultRoutes } from '../../routing/defaults.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let pool: Pool;

beforeAll(async () => {
  database = await freshDatabase();
  pool = openPool(database.url, { onError: () => {} });
  await pool.query(`insert into line (number, name, time_zone) values ('+12025550100', 'Main', 'America/New_York')`);
  await pool.query(
    `insert into extension (number, display_name, ha1_md5, ha1_sha256, realm)
     values ('201', 'Ruiz', repeat('0', 32), repeat('0', 64), 'chartline')`,
  );
  await inTransaction(pool, (db) => seedRouting(db, 'America/New_York'));
});
afterAll(async () => {
  await pool.end();
  await database.drop();
});

async function refusal(sql: string): Promise<{ message: string; hint: string | undefined }> {
  const client = await pool.connect();
  try {
    await client.query('begin');
    await client.query(sql);
    await client.query('set constraints all immediate');
    return { message: 'accepted', hint: undefined };
  } catch (error) {
    const { message, hint } = error as Error & { hint?: string };
    return { message, hint };
  } finally {
    await client.query('rollback');
    client.release();
  }
}

test('the default routes come back from the tables as they went in', async () => {
  const { version, routes } = await loadRoutes(pool);
  expect(version).toBe(1);
  expect(routes.map(({ id: _, ...route }) => route)).toEqual(defaultRoutes.map(({ id: _, ...route }) => route));
});

test('hours and rotations come back in minutes of the local day', async () => {
  const { schedules, rotations } = await loadSchedules(pool);
  expect(schedules).toEqual([
    {
      name: 'clinic',
      timeZone: 'America/New_York',
      periods: [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens: 480, closes: 1020 })),
      exceptions: [],
    },
  ]);
  expect(rotations).toMatchObject([{ name: 'clinic', handover: 480, shiftDays: 7, members: [], swaps: [] }]);
});

test('the seed gives shared lines the menu, and touches nothing the second time', async () => {
  await inTransaction(pool, (db) => seedRouting(db, 'Europe/Berlin'));
  expect((await loadRoutes(pool)).version).toBe(1);
  const { lines } = await loadPhones(pool);
  expect(lines).toMatchObject([{ number: '+12025550100', menu: 'intent-menu', directPractitioner: null }]);
  const { rows } = await pool.query('select count(*)::int as keys from ivr_option');
  expect(rows[0].keys).toBe(7);
});

describe('a broken row is refused, and the hint says what to write instead', () => {
  const route = (columns: string, values: string) =>
    `insert into route (priority, name, ${columns}) values (1, 'new', ${values})`;
  const targetOf = (kind: string, value: string) =>
    `insert into route_target (route_id, position, kind, value) select id, 9, '${kind}', ${value} from route where name = 'billing'`;
  test.each([
    ['an intent of another name', route('intent', `'refills'`), `route.intent cannot be 'refills'`, /refill, clinical/],
    ['a caller of another name', route('caller', `'vip'`), `route.caller cannot be 'vip'`, /known, ambiguous/],
    ['a line that is not ours', route('line', `'+12025550999'`), /route.line cannot be/, /\+12025550100/],
    ['a schedule that is not there', route('schedule, while_open', `'night', true`), /route.schedule/, /clinic/],
    [
      'a schedule without while_open',
      route('schedule', `'clinic'`),
      /only one of schedule and while_open/,
      /leave both/,
    ],
    ['staff without a state', route('staff', `'pcp'`), /only one of staff and staff_state/, /staff_state = 'out'/],
    ['staff who are nobody', route('staff, staff_state', `'999', 'out'`), /route.staff cannot be '999'/, /pcp.*201/],
    ['a queue without a wait', route('queue_team', `'scheduling'`), /queue_wait_over_seconds/, /120/],
    [
      'urgent with another intent',
      route('urgent, intent', `true, 'refill'`),
      /urgent call with the intent/,
      /Leave intent/,
    ],
    [
      'the intent urgent but not urgent',
      route('urgent, intent', `false, 'urgent'`),
      /not urgent/,
      /Set urgent to true/,
    ],
    ['all callers as a percentage', route('percentage', '100'), /takes 100 percent/, /leave percentage empty/],
    ['an age band upside down', route('min_age, max_age', '65, 18'), /min_age 65 over max_age 18/, /Swap/],
    ['a target kind of another name', targetOf('ring', `'201'`), /route_target.kind cannot be 'ring'/, /extension/],
    ['a PCP target with a value', targetOf('pcp', `'201'`), /kind pcp has the value/, /kind extension/],
    ['a team target without a value', targetOf('team', 'null'), /kind team needs a value/, /column value/],
    ['a team that is not there', targetOf('team', `'nurses'`), /team target cannot be 'nurses'/, /nurse-triage/],
    ['an extension that is not there', targetOf('extension', `'999'`), /extension target cannot/, /201/],
    ['a national outside number', targetOf('outside', `'2025550172'`), /outside target cannot/, /\+12025550172/],
    ['a menu that is not there', targetOf('menu', `'main'`), /menu target cannot be 'main'/, /intent-menu/],
    ['a prompt that is not there', targetOf('goodbye', `'bye'`), /goodbye target cannot be 'bye'/, /after-hours/],
    ['a rotation that is not there', targetOf('on-call', `'night'`), /on-call target cannot be/, /clinic/],
    ['a time zone that is none', `update schedule set time_zone = 'EST/Boston'`, /time_zone cannot be/, /America/],
    ['a team that routes ring, deleted', `delete from team where name = 'scheduling'`, /used by route/, /target first/],
    ['all routes truncated', 'truncate route cascade', /cannot be truncated/, /delete from/],
  ])('%s', async (_text, sql, message, hint) => {
    const refused = await refusal(sql);
    expect(refused.message).toMatch(message);
    expect(refused.hint).toMatch(hint);
  });
});

test('every condition and target column survives the round trip', async () => {
  const full = {
    ...blankRoute,
    name: 'full',
    line: '+12025550100' as never,
    directLine: false,
    caller: 'known',
    minAssurance: 3,
    intent: 'refill',
    hasPcp: true,
    seenWithinDays: 30,
    seenBy: 'prac-1',
    appointmentWithinDays: 2,
    openResult: false,
    openOrder: true,
    openTask: true,
    careTeamMember: 'prac-2',
    flag: 'Recent Discharge',
    language: 'es',
    minAge: 18,
    maxAge: 64,
    location: 'loc-1',
    schedule: 'clinic',
    whileOpen: true,
    staff: 'pcp',
    staffState: 'out',
    queueTeam: 'scheduling',
    queueWaitOverSeconds: 120,
    percentage: 10,
    targets: [
      { kind: 'queue', value: 'scheduling', ringSeconds: 20, maxWaitSeconds: 90 },
      { kind: 'outside', value: '+12025550172', ringSeconds: 45, maxWaitSeconds: 600 },
    ],
  } as const;
  const id = await inTransaction(pool, (db) => insertRoute(db, full));
  const { routes } = await loadRoutes(pool);
  expect(routes.find((route) => route.id === id)).toEqual({ ...full, id });
  await pool.query('delete from route where id = $1', [id]);
});

test('a team that is renamed keeps its routes', async () => {
  await pool.query(`update team set name = 'booking' where name = 'scheduling'`);
  const { routes } = await loadRoutes(pool);
  expect(routes.find((route) => route.name === 'appointment')?.targets[0]?.value).toBe('booking');
  await pool.query(`update team set name = 'scheduling' where name = 'booking'`);
});

test('a transaction leaves one version, signed; going back restores every row with its id', async () => {
  const before = await loadRoutes(pool);
  await inTransaction(pool, async (db) => {
    await signRouteChange(db, 'user:admin', 'holiday');
    await db.query(`update route set enabled = false where name = 'billing'`);
    await db.query(`delete from route where name = 'refill'`);
    await db.query(`update route_target set ring_seconds = 30`);
  });
  const [changed] = await routeVersions(pool, 1);
  expect(changed).toMatchObject({ version: before.version + 1, changedBy: 'user:admin', note: 'holiday' });
  expect((await loadRoutes(pool)).routes).not.toEqual(before.routes);

  expect(await inTransaction(pool, (db) => restoreRoutes(db, before.version))).toBe(true);
  expect(await loadRoutes(pool)).toEqual({ version: before.version + 2, routes: before.routes });
  expect(await inTransaction(pool, (db) => restoreRoutes(db, 9999))).toBe(false);
});

test('a change without a name is signed by the database user', async () => {
  await pool.query(`update route set priority = 51 where name = 'operator'`);
  const { rows } = await pool.query('select current_user::text as name');
  expect((await routeVersions(pool, 1))[0]).toMatchObject({ changedBy: rows[0].name, note: null });
});

test('two transactions that overlap both end up in the last version', async () => {
  const [one, two] = [await pool.connect(), await pool.connect()];
  await one.query('begin');
  await two.query('begin');
  await one.query(`update route set priority = 61 where name = 'billing'`);
  await two.query(`update route set priority = 71 where name = 'appointment'`);
  await two.query('commit');
  await one.query('commit');
  one.release();
  two.release();
  const [last] = await routeVersions(pool, 1);
  const priorities = Object.fromEntries((last?.routes ?? []).map((route) => [route.name, route.priority]));
  expect(priorities).toMatchObject({ billing: 61, appointment: 71 });
});
