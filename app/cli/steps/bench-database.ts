import { randomBytes } from 'node:crypto';
import { openPool, type Pool } from '../../../db/db.ts';
import { migrate } from '../../../db/migrate.ts';

/** Runs `work` on a migrated database of `server` that exists only for it. */
export async function withBenchDatabase<T>(server: string, work: (pool: Pool) => Promise<T>): Promise<T> {
  const name = `bench_${randomBytes(6).toString('hex')}`;
  const admin = openPool(server, { max: 1, onError: () => {} });
  await admin.query(`create database ${name}`);
  const url = new URL(server);
  url.pathname = `/${name}`;
  const pool = openPool(url.href, { max: 2, onError: () => {} });
  try {
    await migrate(url.href);
    return await work(pool);
  } finally {
    await pool.end();
    await admin.query(`drop database ${name} with (force)`);
    await admin.end();
  }
}
