import { chownSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { openPool } from '../../db/db.ts';
import { portOf } from '../support/free-ports.ts';
import { isRunning, Program, until } from '../support/program.ts';
import { environment, npmStart, parts, ready, root, type SystemSettings, systemSettings } from '../support/system.ts';

/*
 * `npm start` from outside, in one life: first start, each part killed, Ctrl-C, second start, everything killed, third.
 */
let home: string;
let settings: SystemSettings;
let system: Program;
const started: Program[] = [];

function start(with_: SystemSettings = settings): Program {
  const program = npmStart(with_);
  started.push(program);
  return program;
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'chartline-system-')); // mode 0700: nobody else may enter
  settings = await systemSettings(join(home, 'data'));
  system = start();
  await system.says(ready);
}, 120_000);
afterAll(async () => {
  for (const program of started.filter((one) => isRunning(one.pid))) {
    program.child.kill('SIGTERM');
    await program.exited;
  }
  await rm(home, { recursive: true });
});

const mode = (path: string) => statSync(path).mode & 0o777;
const ctrlC = (program: Program) => process.kill(-program.pid, 'SIGINT');

async function query(sql: string): Promise<unknown[]> {
  const password = readFileSync(join(settings.CHARTLINE_DATA, 'postgres', 'password'), 'utf8').trim();
  const url = `postgres://chartline:${password}@127.0.0.1:${settings.EMBEDDED_POSTGRES_PORT}/chartline`;
  const pool = openPool(url, { max: 1, onError: () => {} });
  try {
    return (await pool.query(sql)).rows;
  } finally {
    await pool.end();
  }
}

test('the table names the addresses, phones, logins and callers; the secrets are for the owner only', async () => {
  const logins = JSON.parse(readFileSync(join(settings.CHARTLINE_DATA, 'demo-logins.json'), 'utf8'));
  const phones = JSON.parse(readFileSync(join(settings.CHARTLINE_DATA, 'demo-phones.json'), 'utf8'));
  for (const text of [
    `127.0.0.1:${settings.CHARTLINE_SIP_PORT} (UDP and TCP)`,
    `http://127.0.0.1:${settings.CHARTLINE_HTTP_PORT}`,
    logins.frontdesk,
    phones['201'],
    'npm run call -- --from +12025550143',
  ])
    expect(system.output).toContain(text);
  expect(mode(settings.CHARTLINE_DATA)).toBe(0o700);
  for (const file of ['demo-logins.json', 'demo-phones.json', 'secrets.json'])
    expect(mode(join(settings.CHARTLINE_DATA, file))).toBe(0o600);
});

test('the demonstration clinic is in the database, and its logins open the console', async () => {
  expect(await query('select count(*)::int as n from extension')).toEqual([{ n: 8 }]);
  expect(await query("select us_state from line where number = '+12025550100'")).toEqual([{ us_state: 'MD' }]);
  const { frontdesk } = JSON.parse(readFileSync(join(settings.CHARTLINE_DATA, 'demo-logins.json'), 'utf8'));
  const origin = `http://127.0.0.1:${settings.CHARTLINE_HTTP_PORT}`;
  const login = (password: string) =>
    fetch(`${origin}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin },
      body: JSON.stringify({ login: 'frontdesk', password }),
    });
  expect((await login(frontdesk)).status).toBeLessThan(300);
  expect((await login('guess')).status).toBe(401);
});

test('a second start on the same data says so and changes nothing', async () => {
  const before = parts(settings);
  const second = start();
  expect(await second.exited).toBe(1);
  expect(second.output).toMatch(/chartline: already running on .*data \(process \d+\)\n/);
  expect(parts(settings)).toEqual(before);
});

test.each(['engine', 'ehr', 'reader', 'app', 'postgres-server', 'postgres'])(
  'when %s is killed it is started again, without ending the others',
  async (name) => {
    const before = parts(settings);
    const from = system.output.length;
    process.kill(before[name] ?? 0, 'SIGKILL');
    const reported = name === 'postgres-server' ? 'postgres' : name;
    await system.says(new RegExp(`chartline: ${reported} ended`), from);
    await system.says(new RegExp(`chartline: ${reported} is up again`), from);
    await until(() => isRunning(parts(settings)[name] ?? 0), `${name} is listed`);
    const after = parts(settings);
    expect(after[name]).not.toBe(before[name]);
    for (const other of Object.keys(before).filter((part) => !part.startsWith('postgres') && part !== name))
      expect([other, after[other]]).toEqual([other, before[other]]);
  },
);

test('Ctrl-C ends all of it in order and leaves no process', async () => {
  await query('create table kept as select 42 as answer');
  const pids = Object.values(parts(settings));
  ctrlC(system);
  await system.exited; // npm itself then ends by the signal
  expect(system.output).toContain('chartline: stopping; calls end first');
  expect(system.output.slice(-400)).not.toMatch(/was killed/);
  expect(pids.filter(isRunning)).toEqual([]);
});

test('a port that is taken is one clear line with the setting', async () => {
  const other = createServer().listen(0, '127.0.0.1');
  await until(() => other.listening, 'listening');
  const port = portOf(other);
  const blocked = start({ ...settings, CHARTLINE_HTTP_PORT: String(port) });
  expect(await blocked.exited).toBe(1);
  other.close();
  expect(blocked.output.split('\n').filter((line) => line.startsWith('chartline:'))).toEqual([
    `chartline: TCP port ${port} on 127.0.0.1 is taken by another program; set CHARTLINE_HTTP_PORT to a free one`,
  ]);
});

test('a bad setting is named', async () => {
  const bad = start({ ...settings, CHARTLINE_SIP_PORT: 'five' });
  expect(await bad.exited).toBe(1);
  expect(bad.output).toMatch(/CHARTLINE_SIP_PORT/);
});

test('a second start finds the data, and a third does after everything was killed at once', async () => {
  const second = start();
  await second.says(ready);
  expect(await query('select * from kept')).toEqual([{ answer: 42 }]);
  const everything = [second.pid, ...descendants(second.pid), ...Object.values(parts(settings))];
  for (const pid of everything) if (isRunning(pid)) process.kill(pid, 'SIGKILL');
  await second.exited;

  const third = start();
  await third.says(ready);
  expect(await query('select * from kept')).toEqual([{ answer: 42 }]);
  ctrlC(third);
  await third.exited;
}, 120_000);

test('what a killed supervisor leaves behind ends by itself', async () => {
  const again = start();
  await again.says(ready);
  const pids = Object.values(parts(settings));
  for (const pid of [again.pid, ...descendants(again.pid, pids)]) process.kill(pid, 'SIGKILL');
  await until(() => pids.every((pid) => !isRunning(pid)), 'all have ended', 30_000);
}, 120_000);

(process.getuid?.() === 0 && worldReadable() ? test : test.skip)(
  'an ordinary user starts it too',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chartline-user-'));
    chownSync(folder, 65534, 65534);
    const own = await systemSettings(join(folder, 'data'));
    const env = environment(own);
    const user = new Program(process.execPath, ['app/cli/run.mjs', 'start'], { env, uid: 65534, gid: 65534 });
    started.push(user);
    await user.says(ready);
    expect(statSync(`/proc/${parts(own)['postgres-server']}`).uid).toBe(65534);
    user.child.kill('SIGINT');
    expect(await user.exited).toBe(0);
    await rm(folder, { recursive: true });
  },
  120_000,
);

/** Everything below a process, from proc(5), but for those of `except` and what is below them. */
function descendants(pid: number, except: readonly number[] = []): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);
  const wanted = children.filter((child) => !except.includes(child));
  return wanted.flatMap((child) => [child, ...descendants(child, except)]);
}

/** Whether another user could run this clone where it lies. */
function worldReadable(): boolean {
  const folders = root.split('/').map((_, index, all) => `/${all.slice(1, index + 1).join('/')}`);
  return folders.every((folder) => (statSync(folder).mode & 0o001) !== 0);
}
