import { afterEach, expect, test } from '@jest/globals';
import { openPool, type Pool } from '../../db/db.ts';
import { migrate } from '../../db/migrate.ts';
import { freshDatabase, type TestDatabase } from '../support/postgres.ts';

const opened: { pools: Pool[]; databases: TestDatabase[] } = { pools: [], databases: [] };
afterEach(async () => {
  await Promise.all(opened.pools.splice(0).map((pool) => pool.end()));
  await Promise.all(opened.databases.splice(0).map((database) => database.drop()));
});

async function emptyDatabase() {
  const database = await freshDatabase({ empty: true });
  const pool = openPool(database.url, { max: 2, onError: () => {} });
  opened.databases.push(database);
  opened.pools.push(pool);
  return { url: database.url, pool };
}

test('an empty database gets every migration once', async () => {
  const { url, pool } = await emptyDatabase();
  const ran = await migrate(url);
  expect(ran.length).toBeGreaterThanOrEqual(7);
  expect(await migrate(url)).toEqual([]);
  const { rows } = await pool.query("select to_regclass('call_event') is not null as there");
  expect(rows).toEqual([{ there: true }]);
});

test('two servers that start at once do not both migrate', async () => {
  const { url, pool } = await emptyDatabase();
  const [one, two] = await Promise.all([migrate(url), migrate(url)]);
  const { rows } = await pool.query('select name from schema_migration order by run_on, id');
  expect([...one, ...two].sort()).toEqual(rows.map((row: { name: string }) => row.name).sort());
  expect(new Set(rows.map((row: { name: string }) => row.name)).size).toBe(rows.length);
});
