import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { openPool } from '../../db/db.ts';
import { migrate } from '../../db/migrate.ts';
import { freePort } from './free-ports.ts';

export const templateName = 'chartline_template';
const root = fileURLToPath(new URL('../..', import.meta.url));

/** One throwaway Postgres for a whole jest run, its template migrated. Ends with this process even when that is killed. */
export async function startTestServer(): Promise<{ url: string; stop(): Promise<void> }> {
  const dataDir = await mkdtemp(join(tmpdir(), 'chartline-test-'));
  const child = spawn(
    process.execPath,
    ['--import', './app/supervisor/leash.ts', '--disable-warning=ExperimentalWarning', 'embedded/postgres/main.ts'],
    {
      cwd: root,
      env: {
        PATH: process.env.PATH,
        CHARTLINE_DATA: dataDir,
        EMBEDDED_POSTGRES_PORT: String(await freePort()),
        EMBEDDED_POSTGRES_DURABLE: 'no',
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    },
  );
  const stop = async () => {
    if (child.exitCode === null && child.signalCode === null && child.kill('SIGTERM')) await once(child, 'exit');
    await rm(dataDir, { recursive: true, force: true });
  };
  try {
    const url = await readyUrl(child);
    await makeTemplate(url);
    return { url, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

async function readyUrl(child: ChildProcess): Promise<string> {
  let errors = '';
  child.stderr?.on('data', (chunk: Buffer) => {
    errors = (errors + chunk).slice(-4_000);
  });
  if (!child.stdout) throw new Error('no output to wait for');
  for await (const line of createInterface({ input: child.stdout })) return (JSON.parse(line) as { url: string }).url;
  throw new Error(`test Postgres did not start:\n${errors}`);
}

async function makeTemplate(url: string): Promise<void> {
  const admin = openPool(url, { max: 1, onError: () => {} });
  try {
    await admin.query(`create database ${templateName}`);
  } finally {
    await admin.end();
  }
  await migrate(databaseOf(url, templateName));
}

/** The same server's database `name`. */
export function databaseOf(serverUrl: string, name: string): string {
  const url = new URL(serverUrl);
  url.pathname = `/${name}`;
  return url.href;
}
