import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildConsole } from '../supervisor/console-build.ts';
import { installPrograms } from './steps/programs.ts';
import { root, runTools, typeChecks } from './steps/tool.ts';

type Totals = { passed: number; failed: number; skipped: number };

/** `npm test`: installs what suites need, builds the console, checks the types, runs every suite. Arguments go to jest. */
export async function run(args: string[]): Promise<number> {
  const without = installPrograms();
  const leftOut =
    without.suites.length > 0 ? `LEFT OUT: ${without.suites.join(', ')}, for want of ${without.because}` : null;
  if (leftOut) console.log(leftOut);
  console.log(`console/dist: ${await buildConsole()}`);
  if ((await runTools(typeChecks)) > 0) return 1;

  const folder = mkdtempSync(join(tmpdir(), 'chartline-jest-'));
  try {
    const report = join(folder, 'report.json');
    const status = await jest(report, [...leaveOut(without.suites, args), ...args]);
    if (leftOut) console.log(leftOut);
    const totals = readTotals(report);
    if (totals) console.log(`${totals.passed} passed, ${totals.failed} failed, ${totals.skipped} skipped`);
    return status;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

// Suites that are named on the command line run all the same, and fail by themselves.
function leaveOut(suites: readonly string[], args: readonly string[]): string[] {
  return suites.length > 0 && !args.includes('--selectProjects') ? ['--ignoreProjects', ...suites] : [];
}

async function jest(report: string, args: readonly string[]): Promise<number> {
  const options = [
    '--experimental-vm-modules',
    '--disable-warning=ExperimentalWarning',
    'node_modules/jest/bin/jest.js',
  ];
  const child = spawn(process.execPath, [...options, '--json', `--outputFile=${report}`, ...args], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'], // the report goes to the file, what people read to stderr
  });
  const stop = () => child.kill('SIGTERM');
  process.once('SIGTERM', stop);
  const watch = setInterval(() => endIfItHangs(child, report), 5_000);
  const [code] = (await once(child, 'exit')) as [number | null];
  clearInterval(watch);
  process.off('SIGTERM', stop);
  return code ?? 1;
}

let reportedAt: number | null = null;
/** jest writes its report when the last test has ended, and then exits unless a suite left something open. */
function endIfItHangs(child: ChildProcess, report: string): void {
  if (!existsSync(report)) return;
  reportedAt ??= performance.now();
  if (performance.now() - reportedAt < 30_000) return;
  console.error('A suite left something open: jest did not exit within 30 s of its last test.');
  child.kill('SIGKILL');
}

function readTotals(report: string): Totals | null {
  if (!existsSync(report)) return null;
  const json = JSON.parse(readFileSync(report, 'utf8')) as Record<string, number>;
  const count = (...names: string[]) => names.reduce((sum, name) => sum + (json[name] ?? 0), 0);
  return {
    passed: count('numPassedTests'),
    failed: count('numFailedTests', 'numRuntimeErrorTestSuites'),
    skipped: count('numPendingTests', 'numTodoTests'),
  };
}
