import { randomBytes } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { pino } from 'pino';
import { loadConfig } from '../../app/config.ts';
import { appendAudit } from '../../db/audit.ts';
import { openPool } from '../../db/db.ts';
import { emptyCoreDumps } from '../core-dumps.ts';
import { tokenFile } from '../reader-client.ts';
import { loadPrivateKeys, writeWhole } from './private-keys.ts';
import { reseal } from './rotate.ts';
import { startReader } from './server.ts';

/*
 * The recordings reader: the only process with the private key. Under a user of its own it needs: keys/ owned by that
 * user (0755, so that the app reads public.pem), recordings/ readable by it (the app's files are 0640, folders 0750:
 * share a group), the data folder passable (0710 with that group), and reader.token readable by the app (0640, group).
 * Its core dumps are made empty; swap, which may hold plaintext, is the machine's to encrypt or turn off.
 */
async function main(): Promise<void> {
  emptyCoreDumps();
  const config = loadConfig(process.env);
  if (!config.DATABASE_URL) throw new Error('the recordings reader needs DATABASE_URL');
  const log = pino({ name: 'reader', level: config.CHARTLINE_LOG_LEVEL, base: { name: 'reader' } }, process.stderr);
  const keysFolder = join(config.CHARTLINE_DATA, 'keys');
  await mkdir(config.CHARTLINE_DATA, { recursive: true, mode: 0o700 });
  let keys = await loadPrivateKeys(keysFolder);
  const pool = openPool(config.DATABASE_URL, { max: 4, onError: (error) => log.warn({ err: error }, 'database lost') });
  const reader = await startReader({
    pool,
    folder: join(config.CHARTLINE_DATA, 'recordings'),
    keys: () => keys,
    port: config.CHARTLINE_READER_PORT,
    token: await readerToken(join(config.CHARTLINE_DATA, tokenFile)),
    log,
    rotate: async (by) => {
      const rotated = await reseal(keysFolder, keys, pool, by, (next) => {
        keys = next;
      });
      log.info({ resealed: rotated }, 'recording keys rotated');
      return rotated;
    },
    denied: async (actor, because) => {
      await appendAudit(pool, { actor, action: 'recording.denied', subject: 'reader', detail: { because } });
    },
  });
  const stop = async () => {
    await reader.close();
    await pool.end();
    process.exit(0);
  };
  process.once('SIGTERM', () => void stop());
  process.once('SIGINT', () => void stop());
  process.stdout.write(`${JSON.stringify({ ready: true, port: reader.port })}\n`);
}

/** The token that the app and the CLI show; made on the first start. Throws when anybody else may read it. */
async function readerToken(path: string): Promise<string> {
  const mode = await stat(path).then(
    (found) => found.mode,
    () => null,
  );
  if (mode === null) {
    const token = randomBytes(32).toString('base64url');
    await writeWhole(path, token, 0o600);
    return token;
  }
  if (mode & 0o037) throw new Error(`${path} can be read or changed by others: delete it, and a new one is made`);
  return (await readFile(path, 'utf8')).trim();
}

main().catch((error: Error) => {
  process.stderr.write(`chartline reader: ${error.message}\n`);
  process.exit(1);
});
