// The one door to every `npm run` command. Plain JavaScript without dependencies, because on a fresh clone nothing is
// installed yet: it installs the lockfile's versions when they changed, then runs the command on the project's own Node.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, linkSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const modules = join(root, 'node_modules');
const stamp = join(modules, '.chartline-install');
const lock = join(root, '.chartline-install');
const ownNode = join(modules, `node-${process.platform}-${process.arch}`, 'bin', 'node');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .update(`${process.platform}-${process.arch}`)
  .digest('hex');

if (major(process.versions.node) < 20) fail(`needs Node 20 or newer to begin with; this is ${process.version}`);
if (!isInstalled()) await install();
const node = existsSync(ownNode) ? ownNode : process.execPath;
if (node === process.execPath && major(process.versions.node) < 24)
  fail(
    `needs Node 24 on ${process.platform}-${process.arch}, where it brings none of its own; this is ${process.version}`,
  );
// The channel tells the command when this process is gone, even by kill -9 (app/supervisor/leash.ts).
const options = [
  '--import',
  pathToFileURL(join(root, 'app/supervisor/leash.ts')).href,
  '--disable-warning=ExperimentalWarning',
];
const command = spawn(node, [...options, join(root, 'app/cli/main.ts'), ...process.argv.slice(2)], {
  cwd: root,
  stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
});
process.exitCode = await ended(command);

function major(version) {
  return Number(version.split('.')[0]);
}

function isInstalled() {
  // A linked node_modules (a git worktree's) belongs to somebody else, who installs it.
  if (lstatSync(modules, { throwIfNoEntry: false })?.isSymbolicLink()) return true;
  return existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted;
}

async function install() {
  await takeLock();
  try {
    if (isInstalled()) return;
    console.error('chartline: installing the packages of package-lock.json …');
    // No install script is needed: embedded/postgres makes its own links, everything else ships built.
    const options = ['--include=dev', '--include=optional', '--ignore-scripts', '--no-audit', '--no-fund'];
    const status = await ended(
      npm(['ci', `--prefix=${root}`, ...options, '--loglevel=error', '--update-notifier=false']),
    );
    if (status === 0) {
      mkdirSync(modules, { recursive: true });
      return writeFileSync(stamp, wanted);
    }
    console.error(`chartline: ${status > 128 ? 'installation interrupted' : 'npm ci failed; its message is above'}`);
    process.exitCode = status;
  } finally {
    rmSync(lock, { force: true });
  }
  process.exit();
}

/** Waits while another start of the same clone installs. */
async function takeLock() {
  const mine = `${lock}.${process.pid}`;
  for (let told = false; ; ) {
    try {
      writeFileSync(mine, String(process.pid));
      linkSync(mine, lock); // appears with its content, or not at all
      return;
    } catch (error) {
      if (error.code !== 'EEXIST') fail(`cannot write to ${root}: ${error.message}`);
    } finally {
      rmSync(mine, { force: true });
    }
    const holder = lockHolder();
    if (holder !== null && !isAlive(holder)) dropStaleLock(mine, holder);
    else if (holder !== null && !told) {
      console.error(`chartline: process ${holder} is installing already; waiting for it …`);
      told = true;
    }
    await delay(250);
  }
}

function lockHolder() {
  try {
    return Number(readFileSync(lock, 'utf8'));
  } catch {
    return null;
  }
}

function isAlive(pid) {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return error.code === 'EPERM';
  }
}

// Renamed first: of two starts that find it stale, one removes it, and not the lock that the other has taken since.
function dropStaleLock(aside, holder) {
  try {
    renameSync(lock, aside);
    if (Number(readFileSync(aside, 'utf8')) !== holder) linkSync(aside, lock);
    rmSync(aside, { force: true });
  } catch {
    // the other start was faster
  }
}

function npm(args) {
  const options = { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] };
  const cli = process.env.npm_execpath; // the very npm that runs us
  return cli?.endsWith('.js') ? spawn(process.execPath, [cli, ...args], options) : spawn('npm', args, options);
}

/** The child's exit status, 128 + n when signal n ended it. Signals meant for it are passed on until then. */
function ended(child) {
  // On a terminal Ctrl-C reaches the whole process group by itself; twice would mean "hurry".
  const passed = process.stdin.isTTY ? ['SIGTERM'] : ['SIGINT', 'SIGTERM', 'SIGHUP'];
  const pass = (signal) => passed.includes(signal) && child.kill(signal);
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, pass);
  return new Promise((resolve) => {
    child.on('error', (error) => fail(`cannot run ${child.spawnfile}: ${error.message}`));
    child.on('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, pass);
      resolve(code ?? 128 + (constants.signals[signal] ?? 0));
    });
  });
}

function fail(message, status = 1) {
  console.error(`chartline: ${message}`);
  process.exit(status);
}
