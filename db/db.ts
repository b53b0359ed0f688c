import pg from 'pg';

/** What every query takes: the pool, or the client of an open transaction. */
export type Db = Pick<pg.Pool | pg.PoolClient, 'query'>;
export type Pool = pg.Pool;

/** A pool on `databaseUrl`. Whoever opens it ends it. `onError`: an idle client lost its server; the pool replaces it. */
export function openPool(
  databaseUrl: string,
  options: { max?: number; connectTimeoutMs?: number; onError: (error: Error) => void },
): Pool {
  const pool = new pg.Pool({
    connectionString: databaseUrl,
    max: options.max ?? 10,
    connectionTimeoutMillis: options.connectTimeoutMs ?? 2_000,
    statement_timeout: 10_000,
    application_name: 'chartline',
  });
  pool.on('error', options.onError);
  // Lost while checked out: its query rejects, which is how its user learns; unheard, the event would end the process.
  pool.on('connect', (client) => client.on('error', () => {}));
  return pool;
}

/** Runs `work` in one transaction: committed when it resolves, rolled back when it throws. */
export async function inTransaction<T>(pool: Pool, work: (db: Db) => Promise<T>): Promise<T> {
  const client = await pool.connect();
  let broken: Error | undefined;
  try {
    await client.query('begin');
    const result = await work(client);
    await client.query('commit');
    return result;
  } catch (error) {
    await client.query('rollback').catch((cause: Error) => {
      broken = cause;
    });
    throw error;
  } finally {
    client.release(broken);
  }
}
