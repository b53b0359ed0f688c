import { once } from 'node:events';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import pg from 'pg';
import { openPool, type Pool } from '../../db/db.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

let database: TestDatabase;
let pool: Pool;
const ha1s = `'${'a'.repeat(32)}', '${'b'.repeat(64)}'`;
beforeEach(async () => {
  database = await freshDatabase();
  pool = openPool(database.url, { max: 2, onError: () => {} });
  await pool.query(`
    insert into extension values ('201', 'Dr. Ruiz', ${ha1s}, 'chartline');
    insert into staff (name, extension) values ('Dr. Ruiz', '201');
    insert into team values ('scheduling', 'Scheduling');
    insert into team_member select 'scheduling', id from staff;
    insert into schedule values ('clinic', 'America/New_York');`);
});
afterEach(async () => {
  await pool.end();
  await database.drop();
});

// What an admin types wrong, and the constraint whose name tells what to write.
test.each([
  [
    "insert into line (number, name, time_zone) values ('2025550100', 'Main', 'UTC')",
    'number_in_full_like_+12025550100',
  ],
  [
    "insert into line (number, name, time_zone, us_state) values ('+12025550100', 'Main', 'UTC', 'Maryland')",
    'us_state_of_two_capitals_like_MD',
  ],
  [`insert into extension values ('Ruiz', 'Dr. Ruiz', ${ha1s}, 'chartline')`, 'number_of_2_to_6_digits'],
  [
    "insert into extension values ('202', 'Dr. Okafor', 'secret', 'secret', 'chartline')",
    'ha1_md5_set_by_npm_run_extension',
  ],
  ["update staff set state = 'lunch'", 'state_is_available_busy_away_or_out'],
  ['update staff set covered_by = id', 'covered_by_somebody_else'],
  ["update staff set extension = '999'", 'staff_extension_fkey'],
  ["insert into team values ('Front Desk', 'Front desk')", 'name_of_a_to_z_0_to_9_and_dashes'],
  ["update team set strategy = 'linear'", 'strategy_is_ring_all_longest_idle_or_round_robin'],
  ["insert into schedule_period values ('clinic', 0, '08:00', '17:00')", 'weekday_from_1_monday_to_7_sunday'],
  ["insert into schedule_period values ('clinic', 1, '17:00', '08:00')", 'opens_before_it_closes'],
  ["insert into schedule_exception values ('clinic', '2026-12-25', '08:00', null, 'half day')", 'both_or_neither'],
  [
    "insert into trunk (name, source, caller_headers) values ('carrier', '{203.0.113.0/28}', '{X-Caller}')",
    'caller_headers_P-Asserted-Identity_Remote-Party-ID_or_From',
  ],
  ["insert into trunk (name, source, max_channels) values ('carrier', '{203.0.113.0/28}', 0)", 'max_channels_above_0'],
])('%s breaks %s', async (sql, constraint) => {
  await expect(pool.query(sql)).rejects.toMatchObject({ constraint });
});

test('a trunk source that is no network is refused', async () => {
  await expect(pool.query("insert into trunk (name, source) values ('carrier', '{carrier.example}')")).rejects.toThrow(
    'invalid input syntax for type cidr',
  );
});

test('a renamed extension keeps its person; a removed one leaves the person without a phone', async () => {
  await pool.query("update extension set number = '301' where number = '201'");
  expect((await pool.query('select extension from staff')).rows).toEqual([{ extension: '301' }]);
  await pool.query("delete from extension where number = '301'");
  expect((await pool.query('select extension from staff')).rows).toEqual([{ extension: null }]);
});

test('somebody who leaves leaves the teams too', async () => {
  await pool.query('delete from staff');
  expect((await pool.query('select * from team_member')).rows).toEqual([]);
});

test('every change of a phone table is told, by the name of the table only', async () => {
  const listener = new pg.Client(database.url);
  await listener.connect();
  try {
    await listener.query('listen chartline_phones');
    const told = once(listener, 'notification');
    await pool.query("update staff set state = 'away'");
    expect((await told)[0]).toMatchObject({ channel: 'chartline_phones', payload: 'staff' });
  } finally {
    await listener.end();
  }
});

test('every table and column that an admin edits can be told apart in npm run sql by its comment', async () => {
  const { rows } = await pool.query<{ name: string }>(`
    select relname as name from pg_class
     where relnamespace = 'public'::regnamespace and relkind = 'r' and obj_description(oid) is null
       and relname in ('line', 'trunk', 'extension', 'route', 'route_target', 'schedule', 'schedule_exception')`);
  expect(rows).toEqual([]);
});
