import { otherChecks, runTools, typeChecks } from './steps/tool.ts';

/** Types, lint, import rules, dead code and the lockfile: what must be clean before a commit. */
export async function run(): Promise<number> {
  const failed = await runTools([...typeChecks, ...otherChecks]);
  return failed === 0 ? 0 : 1;
}
