import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { openPool } from '../../db/db.ts';
import { serversIn } from '../../embedded/postgres/leftovers.ts';
import { acceptsConnections } from '../../embedded/postgres/ping.ts';
import { type RunningPostgres, startPostgres } from '../../embedded/postgres/start.ts';
import { freePort, portOf } from '../support/free-ports.ts';
import { isRunning, Program, until } from '../support/program.ts';

let dataDir: string;
let servers: RunningPostgres[];
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'chartline-postgres-'));
  chmodSync(dataDir, 0o700);
  servers = [];
});
afterEach(async () => {
  await Promise.all(servers.map((server) => server.stop()));
  await rm(dataDir, { recursive: true });
});

async function start(): Promise<RunningPostgres> {
  const server = await startPostgres({ dataDir, port: await freePort(), log: () => {} });
  servers.push(server);
  return server;
}

async function query(server: { url: string }, sql: string): Promise<unknown[]> {
  const pool = openPool(server.url, { max: 1, onError: () => {} });
  try {
    return (await pool.query(sql)).rows;
  } finally {
    await pool.end();
  }
}

const cluster = () => join(dataDir, 'postgres', 'cluster');
const mode = (path: string) => statSync(path).mode & 0o777;
const owner = (pid: number) => statSync(`/proc/${pid}`).uid;

test('a new cluster is durable, in Unicode, behind a password, for its owner only', async () => {
  const server = await start();
  expect(
    await query(
      server,
      "select current_setting('server_version_num')::int / 10000 as version, pg_encoding_to_char(encoding) as encoding, datlocprovider as provider, datlocale as locale, current_setting('fsync') as fsync, current_setting('data_checksums') as checksums from pg_database where datname = current_database()",
    ),
  ).toEqual([{ version: 18, encoding: 'UTF8', provider: 'b', locale: 'C.UTF-8', fsync: 'on', checksums: 'on' }]);
  const wrong = new URL(server.url);
  wrong.password = 'guess';
  await expect(query({ url: wrong.href }, 'select 1')).rejects.toThrow('password authentication failed');
  expect([mode(cluster()), mode(join(dataDir, 'postgres', 'password'))]).toEqual([0o700, 0o600]);
  if (process.getuid?.() === 0) expect(owner(server.pid)).toBeGreaterThan(0);
});

test('it listens on loopback only', async () => {
  const server = await start();
  const port = Number(new URL(server.url).port);
  const listening = readFileSync('/proc/net/tcp', 'utf8')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, local, , state]) => local?.endsWith(`:${port.toString(16).toUpperCase().padStart(4, '0')}`) && state === '0A',
    );
  expect(listening.map(([, local]) => local?.slice(0, 8))).toEqual(['0100007F']);
});

test('what was committed survives a kill of every process and a stale pid file of a living stranger', async () => {
  const first = await start();
  await query(first, 'create table kept as select 42 as answer');
  for (const pid of serversIn(cluster())) process.kill(pid, 'SIGKILL');
  await first.exited;
  const stranger = new Program(process.execPath, ['-e', 'setInterval(() => {}, 1e6)']);
  const stale = readFileSync(join(cluster(), 'postmaster.pid'), 'utf8').split('\n').slice(1);
  writeFileSync(join(cluster(), 'postmaster.pid'), [stranger.pid, ...stale].join('\n'));
  try {
    const second = await start();
    expect(await query(second, 'select * from kept')).toEqual([{ answer: 42 }]);
    expect(isRunning(stranger.pid)).toBe(true);
  } finally {
    stranger.child.kill();
    await stranger.exited;
  }
});

test('a server whose starter was killed is taken over', async () => {
  const port = await freePort();
  const env = { ...process.env, CHARTLINE_DATA: dataDir, EMBEDDED_POSTGRES_PORT: String(port) };
  const starter = new Program(process.execPath, ['embedded/postgres/main.ts'], { env });
  const [, orphan] = await starter.says(/"pid":(\d+)/);
  starter.child.kill('SIGKILL');
  await starter.exited;
  expect(await acceptsConnections(port, 'chartline')).toBe(true);
  const server = await start();
  expect(isRunning(Number(orphan))).toBe(false);
  expect(await query(server, 'select 1 as one')).toEqual([{ one: 1 }]);
});

test('as a process it ends with its supervisor, and with SIGTERM', async () => {
  const env = { ...process.env, CHARTLINE_DATA: dataDir, EMBEDDED_POSTGRES_PORT: String(await freePort()) };
  const run = () =>
    new Program(process.execPath, ['--import', './app/supervisor/leash.ts', 'embedded/postgres/main.ts'], {
      env,
      stdio: [null, null, null, 'ipc'],
    });
  const one = run();
  await one.says(/"ready":true/);
  one.child.disconnect();
  expect(await one.exited).toBe(0);
  const two = run();
  await two.says(/"ready":true/);
  two.child.kill('SIGTERM');
  expect(await two.exited).toBe(0);
  expect(serversIn(cluster())).toEqual([]);
});

test('a taken port is the reason it gives', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await until(() => other.listening, 'listening');
  try {
    await expect(startPostgres({ dataDir, port: portOf(other), log: () => {} })).rejects.toThrow(
      /could not bind IPv4 address "127.0.0.1": Address already in use/,
    );
  } finally {
    other.close();
  }
});
