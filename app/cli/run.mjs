// The one door to every `npm run` command. Plain JavaScript without dependencies, because on a fresh clone nothing is
// installed yet: it installs the lockfile's versions when they changed, then runs the command on the project's own Node.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const stamp = join(root, 'node_modules', '.chartline-install');
const wanted = createHash('sha256')
  .update(readFileSync(join(root, 'package-lock.json')))
  .digest('hex');

const installed = existsSync(stamp) ? readFileSync(stamp, 'utf8') : '';
if (installed !== wanted) {
  console.error('chartline: installing the packages of package-lock.json …');
  const npm = spawnSync(
    'npm',
    ['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'],
    {
      cwd: root,
      stdio: ['ignore', 'inherit', 'inherit'],
    },
  );
  if (npm.status !== 0) {
    console.error('chartline: npm ci failed; see its message above');
    process.exit(1);
  }
  writeFileSync(stamp, wanted);
}

const own = join(root, 'node_modules', `node-${process.platform}-${process.arch}`, 'bin', 'node');
const node = existsSync(own) ? own : process.execPath;
if (node === process.execPath && Number(process.versions.node.split('.')[0]) < 24) {
  console.error(
    `chartline: needs Node 24 on ${process.platform}-${process.arch}, where it does not bring its own; this is ${process.version}`,
  );
  process.exit(1);
}

const child = spawn(
  node,
  [
    '--disable-warning=ExperimentalWarning',
    '--disable-warning=DEP0005',
    join(root, 'app/cli/main.ts'),
    ...process.argv.slice(2),
  ],
  {
    cwd: root,
    stdio: 'inherit',
  },
);
// Ctrl-C reaches the child by the terminal; a plain kill of npm's child must be passed on.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal));
child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)));
