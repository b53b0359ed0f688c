import { randomBytes } from 'node:crypto';
import { openPool } from '../../db/db.ts';
import { databaseOf, templateName } from './postgres-server.ts';

export type TestDatabase = {
  readonly url: string;
  /** Drops it, ending whatever is still connected. */
  drop(): Promise<void>;
};

/** A database of one's own on real Postgres with every migration applied; `empty`: none applied. About 50 ms. */
export async function freshDatabase(options: { empty?: boolean } = {}): Promise<TestDatabase> {
  const server = process.env.CHARTLINE_TEST_POSTGRES;
  if (!server)
    throw new Error('no test Postgres: this jest project lacks the globalSetup test/support/postgres-setup.mjs');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const template = options.empty ? 'template1' : templateName;
  await command(server, `create database ${name} template ${template}`);
  return {
    url: databaseOf(server, name),
    drop: () => command(server, `drop database if exists ${name} with (force)`),
  };
}

async function command(server: string, sql: string): Promise<void> {
  const admin = openPool(server, { max: 1, connectTimeoutMs: 30_000, onError: () => {} });
  try {
    await admin.query(sql);
  } finally {
    await admin.end();
  }
}
