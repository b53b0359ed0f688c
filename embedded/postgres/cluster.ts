import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  lchownSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type Account, initdbAccount } from './account.ts';

export const databaseName = 'chartline';
const majorVersion = '18';

/*
 * The cluster lies in the data folder, mode 0700, possibly below a home that its unprivileged owner cannot enter. Every
 * program is therefore started *in* the cluster (spawn changes directory while still root) and told that its data is in
 * /proc/self/cwd, which the kernel resolves without walking the path. The server never leaves that directory. So all
 * state stays in the one data folder, no account is added and no folder is opened to others.
 */
export const ownDirectory = '/proc/self/cwd';

/** The environment of every Postgres program: nothing of ours, so that no secret is inherited. */
export const plainEnvironment = { PATH: '/usr/bin:/bin', LC_ALL: 'C', TZ: 'UTC' };

/**
 * Makes the cluster, its database and its password (file `password` beside it, 0600) unless they exist, and returns the
 * password. An interrupted attempt leaves only a folder that the next one removes.
 */
export async function ensureCluster(where: { home: string; bin: string; account: Account | null; durable: boolean }) {
  const cluster = join(where.home, 'cluster');
  const passwordFile = join(where.home, 'password');
  if (existsSync(cluster)) {
    const version = readFileSync(join(cluster, 'PG_VERSION'), 'utf8').trim();
    if (version !== majorVersion)
      throw new Error(`embedded Postgres: ${cluster} was made by Postgres ${version}; this is ${majorVersion}`);
    return { cluster, password: readFileSync(passwordFile, 'utf8').trim() };
  }
  const password = randomBytes(24).toString('base64url');
  const unfinished = `${cluster}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(unfinished, { mode: 0o700 });
  await initdb(unfinished, password, where);
  await createDatabase(unfinished, where);
  if (where.account) giveTo(where.account, unfinished);
  writeFileSync(passwordFile, `${password}\n`, { mode: 0o600, flush: true });
  renameSync(unfinished, cluster);
  return { cluster, password };
}

type Where = { bin: string; account: Account | null; durable: boolean };

async function initdb(cluster: string, password: string, where: Where): Promise<void> {
  const account = initdbAccount(where.account);
  const temporary = mkdtempSync(join(tmpdir(), 'chartline-initdb-'));
  const passwordFile = join(temporary, 'password');
  writeFileSync(passwordFile, password, { mode: 0o600 });
  if (account) for (const path of [cluster, temporary, passwordFile]) chownSync(path, account.uid, account.gid);
  try {
    const options = [
      ...['--username', databaseName, '--pwfile', passwordFile, '--auth', 'scram-sha-256', '--encoding', 'UTF8'],
      ...['--locale-provider', 'builtin', '--builtin-locale', 'C.UTF-8', '--locale', 'C', '--no-instructions'],
      ...(where.durable ? [] : ['--no-sync']),
    ];
    await command(join(where.bin, 'initdb'), ['--pgdata', ownDirectory, ...options], { cluster, account, input: '' });
  } finally {
    rmSync(temporary, { recursive: true, force: true });
  }
}

// Single-user mode needs neither a port nor a password.
async function createDatabase(cluster: string, where: Where): Promise<void> {
  const options = ['--single', '-D', ownDirectory, ...(where.durable ? [] : ['-F']), 'template1'];
  const account = initdbAccount(where.account); // this mode, too, insists on a name
  const input = `create database ${databaseName}\n`;
  await command(join(where.bin, 'postgres'), options, { cluster, account, input });
}

async function command(
  program: string,
  options: string[],
  how: { cluster: string; account: Account | null; input: string },
): Promise<void> {
  const child = spawn(program, options, { cwd: how.cluster, env: plainEnvironment, detached: true, ...how.account });
  child.stdin.end(how.input);
  const [[status], errors] = await Promise.all([once(child, 'close'), text(child.stderr), text(child.stdout)]);
  if (status !== 0) throw new Error(`embedded Postgres: ${program} failed: ${errors.trim() || `status ${status}`}`);
}

function giveTo(account: Account, path: string): void {
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true }))
    lchownSync(join(entry.parentPath, entry.name), account.uid, account.gid);
  lchownSync(path, account.uid, account.gid);
}
