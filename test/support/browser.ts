import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Browser, chromium } from 'playwright-core';

const executablePath = process.env.CHARTLINE_CHROMIUM ?? '/usr/bin/chromium';

/** Whether Debian's Chromium is there; without it the browser suite says so and is left out. */
export const haveChromium = existsSync(executablePath);

/** Chromium without a network of its own. Whoever starts it closes it. */
export function startBrowser(): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--autoplay-policy=no-user-gesture-required',
    ],
  });
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** Builds the console into a folder of its own, so that no stale build is tested. About a second. */
export async function buildConsole(): Promise<{ dist: string; remove(): Promise<void> }> {
  const dist = await mkdtemp(join(tmpdir(), 'chartline-dist-'));
  // A process of its own: Vite's native parts refuse objects of jest's realm.
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  await promisify(execFile)(process.execPath, [vite, 'build', 'console', '--outDir', dist, '--emptyOutDir'], {
    cwd: root,
  });
  return { dist, remove: () => rm(dist, { recursive: true, force: true }) };
}
