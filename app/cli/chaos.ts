import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const head =
  '| broken | callers heard | offered | answered | lost | call events | recovered |\n| --- | --- | ---: | ---: | ---: | --- | ---: |\n';

/** `npm run test:chaos`: breaks every part of a running clinic in turn and prints docs/drills.md's table. Arguments go to jest. */
export async function run(args: string[]): Promise<number> {
  const folder = mkdtempSync(join(tmpdir(), 'chartline-drills-'));
  const rows = join(folder, 'rows');
  try {
    const options = ['--experimental-vm-modules', '--disable-warning=ExperimentalWarning'];
    const jest = ['node_modules/jest/bin/jest.js', '--selectProjects', 'chaos', '--maxWorkers', '1'];
    const child = spawn(process.execPath, [...options, ...jest, ...args], {
      cwd: root,
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, CHARTLINE_DRILLS: rows },
    });
    const [code] = (await once(child, 'exit')) as [number | null];
    if (existsSync(rows)) process.stdout.write(`\n${head}${readFileSync(rows, 'utf8')}`);
    return code ?? 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
