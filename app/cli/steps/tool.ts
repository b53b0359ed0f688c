import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export const root = fileURLToPath(new URL('../../..', import.meta.url));

/** A development tool as the lockfile has it: its script below the repository's root, and its arguments. */
export type Tool = { readonly name: string; readonly script: string; readonly args: readonly string[] };

const modules = 'node_modules';
const typeScript = join(modules, 'typescript/bin/tsc');

export const typeChecks: readonly Tool[] = [
  { name: 'types', script: typeScript, args: ['--noEmit'] },
  { name: 'types of the console', script: typeScript, args: ['--noEmit', '-p', 'console'] },
];

const sources = ['app', 'sip', 'media', 'routing', 'ehr', 'recordings', 'db', 'embedded', 'console', 'test'];
export const otherChecks: readonly Tool[] = [
  {
    name: 'lint and format',
    script: join(modules, '@biomejs/biome/bin/biome'),
    args: ['check', '--error-on-warnings'],
  },
  {
    name: 'import rules',
    script: join(modules, 'dependency-cruiser/bin/dependency-cruise.mjs'),
    args: ['--config', '.dependency-cruiser.mjs', ...sources],
  },
  {
    name: 'dead code',
    script: join(modules, 'knip/bin/knip.js'),
    args: ['--no-progress'],
  },
  { name: 'lockfile', script: '.ci/lockfile.mjs', args: ['--check'] },
];

/** Runs the tools side by side and shows what the failing ones say. Resolves with how many failed. */
export async function runTools(tools: readonly Tool[]): Promise<number> {
  const results = await Promise.all(tools.map(runTool));
  return results.filter((passed) => !passed).length;
}

async function runTool(tool: Tool): Promise<boolean> {
  const startedAt = performance.now();
  const child = spawn(process.execPath, [tool.script, ...tool.args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  const [output, errors, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
  console.log(`${status === 0 ? 'ok    ' : 'FAILED'} ${tool.name} (${seconds} s)`);
  if (status !== 0) console.log(`${output}${errors}`.trim());
  return status === 0;
}
