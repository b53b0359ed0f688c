import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/**
 * `npm run test:production`: every call test on a real drachtio-server and FreeSWITCH, each test file with its own pair
 * on free loopback ports and the configuration of docker/. Their programs are found on PATH or named by
 * CHARTLINE_TEST_DRACHTIO and CHARTLINE_TEST_FREESWITCH. Absent: says so and ends with 0; with --require, with 1.
 */
export async function run(args: string[]): Promise<number> {
  const drachtio = await find('drachtio', process.env.CHARTLINE_TEST_DRACHTIO);
  const freeswitch = await find('freeswitch', process.env.CHARTLINE_TEST_FREESWITCH);
  if (!drachtio || !freeswitch) {
    const missing = [!drachtio && 'drachtio-server', !freeswitch && 'FreeSWITCH'].filter(Boolean).join(' and ');
    console.error(
      `test:production: NOTHING WAS TESTED. ${missing} not found on PATH nor by CHARTLINE_TEST_DRACHTIO / ` +
        'CHARTLINE_TEST_FREESWITCH. The call tests of `npm test` run on the embedded engine instead.',
    );
    return args.includes('--require') ? 1 : 0;
  }
  console.error(`test:production: ${drachtio}\n                 ${freeswitch}`);
  const jest = join(root, 'node_modules/jest/bin/jest.js');
  const options = ['--disable-warning=ExperimentalWarning', '--experimental-vm-modules', jest];
  const rest = args.filter((arg) => arg !== '--require');
  const child = spawn(process.execPath, [...options, '--selectProjects', 'calls', '--', ...rest], {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, CHARTLINE_TEST_DRACHTIO: drachtio, CHARTLINE_TEST_FREESWITCH: freeswitch },
  });
  return new Promise((resolve) => {
    child.on('exit', (code) => resolve(code ?? 1));
  });
}

/** Path of a program: the one given, else the first on PATH; null when there is none that can be run. */
async function find(name: string, given: string | undefined): Promise<string | null> {
  const candidates = given ? [given] : (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name));
  for (const path of candidates) {
    if (
      await access(path, constants.X_OK).then(
        () => true,
        () => false,
      )
    )
      return path;
  }
  return null;
}
