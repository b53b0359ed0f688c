import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from './config.ts';

/** Where the database of these settings is: the real one, or the embedded one beside a running `npm start`. Throws one line when neither is. */
export async function databaseUrl(config: Config): Promise<string> {
  if (config.DATABASE_URL) return config.DATABASE_URL;
  const path = join(config.CHARTLINE_DATA, 'postgres', 'password');
  const password = await readFile(path, 'utf8').catch((cause) => {
    throw new Error(`no database: DATABASE_URL is not set, and ${path} cannot be read (has npm start run here?)`, {
      cause,
    });
  });
  return `postgres://chartline:${password.trim()}@127.0.0.1:${config.EMBEDDED_POSTGRES_PORT}/chartline`;
}
