import { spawnSync } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';

/** Programs of the system that suites drive, the Debian packages that have each, and the jest projects that need it. */
const programs = [
  { program: 'sipp', debian: 'sip-tester', suites: ['calls', 'chaos'] },
  { program: 'baresip', debian: 'baresip', suites: ['calls', 'chaos'] },
  // Its font package is only recommended, and a page without any font has no sizes to test.
  { program: 'chromium', debian: 'chromium fonts-liberation', suites: ['browser'] },
] as const;

/** Installs what is missing where apt is there and we are root; returns the suites that cannot run, and why. */
export function installPrograms(): { suites: string[]; because: string } {
  const missing = programs.filter(({ program }) => !isOnPath(program));
  if (missing.length > 0 && process.getuid?.() === 0 && isOnPath('apt-get'))
    aptInstall(missing.flatMap((p) => p.debian.split(' ')));
  const left = missing.filter(({ program }) => !isOnPath(program));
  return {
    suites: [...new Set(left.flatMap(({ suites }) => suites))],
    because: left.map(({ program, debian }) => `${program} (Debian package ${debian})`).join(', '),
  };
}

function isOnPath(program: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

function aptInstall(packages: readonly string[]): void {
  console.log(`chartline: installing ${packages.join(', ')} with apt-get …`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (...args: string[]) =>
    spawnSync('apt-get', ['-qq', ...args], { stdio: ['ignore', 'ignore', 'inherit'], env });
  apt('update');
  apt('install', '--yes', '--no-install-recommends', ...packages);
}
