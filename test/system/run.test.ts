import { existsSync } from 'node:fs';
import { cp, mkdir, mkdtemp, readdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { isRunning, Program, root } from '../support/program.ts';

/*
 * app/cli/run.mjs in a project of its own without dependencies, so that the real `npm ci` takes a second.
 */
let project: string;
const main = `
  console.log('args ' + JSON.stringify(process.argv.slice(2)), 'in ' + process.cwd());
  if (process.argv[2] === 'exit') process.exit(Number(process.argv[3]));
  if (process.argv[2] === 'stay') {
    for (const signal of ['SIGTERM', 'SIGINT'])
      process.on(signal, () => { console.log('got ' + signal); process.exit(0); });
    setInterval(() => {}, 1e6);
    console.log('pid ' + process.pid);
  }`;

beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'chartline-run-'));
  for (const folder of ['app/cli', 'app/supervisor']) await mkdir(join(project, folder), { recursive: true });
  for (const file of ['app/cli/run.mjs', 'app/supervisor/leash.ts']) await cp(join(root, file), join(project, file));
  await writeFile(join(project, 'app/cli/main.ts'), main);
  await lockfile('1.0.0');
});
afterEach(() => rm(project, { recursive: true }));

async function lockfile(version: string, lockedVersion = version): Promise<void> {
  const name = 'a-project';
  await writeFile(join(project, 'package.json'), JSON.stringify({ name, version, type: 'module' }));
  const lock = { name, version: lockedVersion, lockfileVersion: 3, packages: { '': { name, version: lockedVersion } } };
  await writeFile(join(project, 'package-lock.json'), JSON.stringify(lock));
}

const run = (...args: string[]) => {
  const env = { ...process.env };
  delete env.npm_execpath; // npm as it is on the PATH
  return new Program(process.execPath, [join(project, 'app/cli/run.mjs'), ...args], { cwd: tmpdir(), env });
};

const installing = /installing the packages of package-lock.json/g;

test('installs once, and again when the lockfile has changed; arguments and exit code pass through', async () => {
  const first = run('exit', '7');
  expect(await first.exited).toBe(7);
  expect(first.output).toMatch(installing);
  expect(first.output).toContain(`args ["exit","7"] in ${project}`);

  const second = run('--verbose', 'two words');
  expect(await second.exited).toBe(0);
  expect(second.output).toBe(`args ["--verbose","two words"] in ${project}\n`);

  await lockfile('2.0.0');
  const third = run();
  expect(await third.exited).toBe(0);
  expect(third.output).toMatch(installing);
});

test('of two starts at once one installs and the other waits', async () => {
  const both = [run('one'), run('two')];
  expect(await Promise.all(both.map((program) => program.exited))).toEqual([0, 0]);
  const said = both.map((program) => program.output).join('');
  expect(said.match(installing)).toHaveLength(1);
  expect(await readdir(project)).not.toContain('.chartline-install');
});

test('the lock of an installer that was killed holds nobody up', async () => {
  const dead = run('exit', '0');
  await dead.exited;
  await rm(join(project, 'node_modules'), { recursive: true });
  await writeFile(join(project, '.chartline-install'), String(dead.pid));
  const next = run();
  expect(await next.exited).toBe(0);
  expect(existsSync(join(project, '.chartline-install'))).toBe(false);
});

test('a failing npm is one clear line after its own, and the next start tries again', async () => {
  await writeFile(join(project, 'package-lock.json'), 'torn');
  const failing = run();
  expect(await failing.exited).not.toBe(0);
  expect(failing.output).toContain('chartline: npm ci failed; its message is above\n');
  expect(failing.output).not.toContain('args');
  await lockfile('1.0.0');
  expect(await run().exited).toBe(0);
});

test.each(['SIGTERM', 'SIGINT'] as const)('%s reaches the command', async (signal) => {
  const running = run('stay');
  await running.says(/pid/);
  running.child.kill(signal);
  expect(await running.exited).toBe(0);
  expect(running.output).toContain(`got ${signal}`);
});

test('killed itself, it leaves no command behind', async () => {
  const running = run('stay');
  const [, pid] = await running.says(/pid (\d+)/);
  running.child.kill('SIGKILL');
  await running.says(/got SIGTERM/);
  await running.exited;
  expect(isRunning(Number(pid))).toBe(false);
});

test('a linked node_modules is left to its owner', async () => {
  const elsewhere = join(project, 'elsewhere');
  await mkdir(elsewhere);
  await writeFile(join(elsewhere, 'kept'), '');
  await symlink(elsewhere, join(project, 'node_modules'));
  const linked = run();
  expect(await linked.exited).toBe(0);
  expect(linked.output).not.toMatch(installing);
  expect(await readdir(elsewhere)).toEqual(['kept']);
});

test('works in a folder with blanks and signs in its name', async () => {
  const odd = `${project} 100% #1`;
  await rename(project, odd);
  project = odd;
  expect(await run('exit', '3').exited).toBe(3);
});
