import { createHash } from 'node:crypto';
import { chmodSync, existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join, resolve } from 'node:path';

export type DataFolder = { readonly path: string; readonly logs: string; readonly run: string };

/** The one folder of all state, for its owner only. */
export function openDataFolder(setting: string): DataFolder {
  const path = resolve(setting);
  const folder = { path, logs: join(path, 'log'), run: join(path, 'run') };
  for (const each of Object.values(folder)) mkdirSync(each, { recursive: true, mode: 0o700 });
  chmodSync(path, 0o700);
  return folder;
}

/**
 * Takes the folder for this process, or returns the pid of the one that has it. The lock is a name in the kernel
 * (unix(7), abstract socket): it ends with the process, however that ends.
 */
export async function lockDataFolder(folder: DataFolder): Promise<{ by: string } | null> {
  const { dev, ino } = statSync(folder.path);
  const name = createHash('sha256').update(`chartline ${dev} ${ino}`).digest('hex');
  const pidFile = join(folder.run, 'supervisor.pid');
  if (process.platform === 'linux' && !(await hold(`\0chartline-${name}`)))
    return { by: existsSync(pidFile) ? readFileSync(pidFile, 'utf8').trim() : 'starting' };
  writeFileSync(pidFile, `${process.pid}\n`);
  return null;
}

function hold(name: string): Promise<boolean> {
  return new Promise((done, failed) => {
    const server = createServer((socket) => socket.destroy());
    server.unref();
    server.once('error', (error: NodeJS.ErrnoException) => (error.code === 'EADDRINUSE' ? done(false) : failed(error)));
    server.listen({ path: name }, () => done(true));
  });
}
