import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pino } from 'pino';
import { openPool, type Pool } from '../../db/db.ts';
import { ReaderClient } from '../../recordings/reader-client.ts';
import { Recorder } from '../../recordings/recorder.ts';
import { freshDatabase } from '../support/postgres.ts';

export const quiet = pino({ level: 'silent' });

/** A data folder, a database and a running reader process: what recordings need around them. */
export type RecordingClinic = {
  readonly dataFolder: string;
  readonly databaseUrl: string;
  readonly pool: Pool;
  readonly reader: ReaderClient;
  readonly readerPort: number;
  readonly readerPid: number;
  recorder(options?: { folder?: string; pool?: Pool }): Promise<Recorder>;
  /** A call's row, as the call script would have stored it. */
  call(): Promise<string>;
  /** A script of this project on the project's own Node, with the clinic's settings. */
  spawn(script: string, env?: Record<string, string>, args?: string[]): ChildProcess;
  close(): Promise<void>;
};

export async function startRecordingClinic(): Promise<RecordingClinic> {
  const dataFolder = await mkdtemp(join(tmpdir(), 'chartline-recordings-'));
  const database = await freshDatabase();
  const pool = openPool(database.url, { onError: () => {} });
  const run = (script: string, env: Record<string, string> = {}, args: string[] = []) =>
    spawn(process.execPath, ['--disable-warning=ExperimentalWarning', script, ...args], {
      env: { ...process.env, CHARTLINE_DATA: dataFolder, DATABASE_URL: database.url, ...env },
      stdio: ['pipe', 'pipe', 'pipe'],
    });
  const reader = run('recordings/reader/main.ts', { CHARTLINE_READER_PORT: '0', CHARTLINE_LOG_LEVEL: 'error' });
  const { port } = (await firstLine(reader)) as { port: number };
  return {
    dataFolder,
    databaseUrl: database.url,
    pool,
    reader: new ReaderClient({ dataFolder, port }),
    readerPort: port,
    readerPid: reader.pid ?? 0,
    recorder: (options = {}) =>
      Recorder.start({
        db: options.pool ?? pool,
        dataFolder: options.folder ?? dataFolder,
        clinic: 'Test Clinic',
        node: 'node-1',
        fork: { host: '127.0.0.1', port: 0 },
        log: quiet,
      }),
    call: async () => {
      const id = randomUUID();
      await pool.query(
        `insert into call (id, owner_node, direction, started_at) values ($1, 'node-1', 'inbound', now())`,
        [id],
      );
      return id;
    },
    spawn: run,
    close: async () => {
      await end(reader);
      await pool.end();
      await database.drop();
      await rm(dataFolder, { recursive: true, force: true });
    },
  };
}

/** The first line a process prints, as JSON. Throws with what it said on stderr when it ends instead. */
export async function firstLine(child: ChildProcess): Promise<unknown> {
  let said = '';
  child.stderr?.on('data', (bytes) => {
    said += bytes;
  });
  const lines = createInterface({ input: child.stdout ?? process.stdin });
  const exited = once(child, 'exit').then(() => {
    throw new Error(`ended without being ready: ${said}`);
  });
  const [line] = (await Promise.race([once(lines, 'line'), exited])) as string[];
  exited.catch(() => {});
  return JSON.parse(line ?? '');
}

export async function end(child: ChildProcess, signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}
