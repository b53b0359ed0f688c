import { expect, test } from '@jest/globals';
import { inTransaction, openPool } from '../../db/db.ts';
import { freshDatabase } from '../support/postgres.ts';

test('a transaction whose connection dies rejects, and the pool goes on', async () => {
  const database = await freshDatabase();
  const pool = openPool(database.url, { max: 2, onError: () => {} });
  try {
    await pool.query('create table kept (answer int)');
    const dying = inTransaction(pool, async (db) => {
      await db.query('insert into kept values (1)');
      const { rows } = await db.query<{ pid: number }>('select pg_backend_pid() as pid');
      await pool.query('select pg_terminate_backend($1)', [rows[0]?.pid]);
      await new Promise((resolve) => setImmediate(resolve)); // the loss is noticed between two queries
      await db.query('insert into kept values (2)');
    });
    await expect(dying).rejects.toThrow(/terminat|not queryable/);
    expect((await pool.query('select * from kept')).rows).toEqual([]);
  } finally {
    await pool.end();
    await database.drop();
  }
});

test('what a transaction did is undone when its work throws, kept when it returns', async () => {
  const database = await freshDatabase();
  const pool = openPool(database.url, { max: 1, onError: () => {} });
  try {
    await pool.query('create table kept (answer int)');
    const failing = inTransaction(pool, async (db) => {
      await db.query('insert into kept values (1)');
      throw new Error('no');
    });
    await expect(failing).rejects.toThrow('no');
    expect(await inTransaction(pool, async (db) => (await db.query('insert into kept values (2)')).rowCount)).toBe(1);
    expect((await pool.query('select * from kept')).rows).toEqual([{ answer: 2 }]);
  } finally {
    await pool.end();
    await database.drop();
  }
});
