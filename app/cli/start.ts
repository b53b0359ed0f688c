import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../config.ts';
import { Stopped } from '../supervisor/child.ts';
import { buildConsole } from '../supervisor/console-build.ts';
import { type DataFolder, lockDataFolder, openDataFolder } from '../supervisor/data-folder.ts';
import { type DemoSecrets, demoSecrets, prepareDatabase } from '../supervisor/demo-seed.ts';
import { Family } from '../supervisor/family.ts';
import { parts } from '../supervisor/parts.ts';
import { portProblems } from '../supervisor/ports.ts';
import { endListed, ProcessList } from '../supervisor/process-list.ts';
import { readyTable } from '../supervisor/ready-table.ts';
import { secretFile } from '../supervisor/secret-file.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const stopOrder = [['app'], ['reader', 'ehr', 'answering-point'], ['engine'], ['postgres']];

/** `npm start`: every part as a process of its own, until Ctrl-C, SIGTERM or the terminal's end. */
export async function run(): Promise<number> {
  const startedAt = performance.now();
  const report = (line: string) => void process.stderr.write(`chartline: ${line}\n`);
  try {
    const config = loadConfig(process.env);
    const folder = openDataFolder(config.CHARTLINE_DATA);
    const problems = await takePlace(config, folder);
    for (const line of problems) report(line);
    if (problems.length > 0) return 1;

    const listed = new ProcessList(join(folder.run, 'processes.json'));
    const family = new Family({
      root,
      logs: folder.logs,
      report,
      onSpawn: (name, pid) => listed.set(name, pid),
      onReady: (name, { pid }) => typeof pid === 'number' && listed.set(`${name}-server`, pid),
    });
    const stopped = stopOnSignal(family, report);
    const up = boot(config, folder, family).then(
      (demo) => {
        const seconds = (performance.now() - startedAt) / 1_000;
        process.stdout.write(readyTable(config, seconds, folder.path, demo));
        return stopped;
      },
      async (error: Error) => {
        if (error instanceof Stopped) return stopped;
        report(error.message);
        await family.stop(stopOrder);
        return 1;
      },
    );
    return await Promise.race([up, stopped]);
  } catch (error) {
    report(error instanceof Error ? error.message : String(error));
    return 1;
  }
}

/** What stands in the way; empty: the data folder is ours, an earlier start's leftovers are gone, the ports are free. */
async function takePlace(config: Config, folder: DataFolder): Promise<string[]> {
  const taken = await lockDataFolder(folder);
  if (taken) return [`already running on ${folder.path} (process ${taken.by})`];
  await endListed(join(folder.run, 'processes.json'));
  return portProblems(config);
}

/** Resolves when everything is up; with the demonstration's secrets unless the database is the clinic's own. */
async function boot(config: Config, folder: DataFolder, family: Family): Promise<DemoSecrets | null> {
  const secrets = secretFile(join(folder.path, 'secrets.json'), ['drachtio', 'freeswitch']);
  const part = parts({ config, env: process.env, dataFolder: folder.path, secrets });
  let demo = config.DATABASE_URL ? null : demoSecrets(folder.path);
  const database = async (): Promise<string> => {
    if (!part.postgres || !demo) return config.DATABASE_URL ?? '';
    const { url } = await family.start(part.postgres);
    demo = await prepareDatabase(String(url), demo, config.EMBEDDED_EMERGENCY_PORT);
    return String(url);
  };
  const reader = async () => {
    const url = await database();
    await family.start(part.reader(url));
    return url;
  };
  const [databaseUrl] = await Promise.all([
    reader(),
    part.engine && family.start(part.engine),
    part.ehr && family.start(part.ehr),
    part.answeringPoint && family.start(part.answeringPoint),
    buildConsole(),
  ]);
  await family.start(part.app(databaseUrl));
  return demo;
}

/** Resolves with the exit code once a signal has stopped everything. A second one, a second later, does not wait for calls. */
function stopOnSignal(family: Family, report: (line: string) => void): Promise<number> {
  return new Promise((resolve) => {
    let askedAt: number | null = null;
    const stop = () => {
      // Ctrl-C comes once from the terminal and perhaps again from npm, which passes it on.
      if (askedAt !== null && performance.now() - askedAt > 1_000) family.hurry(['postgres']);
      if (askedAt !== null) return;
      askedAt = performance.now();
      report('stopping; calls end first (again: do not wait for them)');
      void family.stop(stopOrder).then(() => resolve(0));
    };
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, stop);
  });
}
