import { buildConsole } from '../supervisor/console-build.ts';

/** Builds the console's pages when their source has changed. */
export async function run(): Promise<number> {
  console.log(`console/dist: ${await buildConsole()}`);
  return 0;
}
