import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const root = fileURLToPath(new URL('../..', import.meta.url));
const source = join(root, 'console');
const dist = join(source, 'dist');
const stamp = join(dist, '.source-hash');

/** Builds the console unless the one in console/dist was built from the same source. Throws with Vite's own message. */
export async function buildConsole(): Promise<'built' | 'unchanged'> {
  const hash = sourceHash();
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return 'unchanged';
  // Beside the old one, which is served until the new one is complete.
  const fresh = `${dist}.${process.pid}`;
  const vite = join(root, 'node_modules/vite/bin/vite.js');
  try {
    await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', fresh, '--logLevel', 'error'], {
      cwd: source,
    });
    writeFileSync(join(fresh, '.source-hash'), hash);
    rmSync(dist, { recursive: true, force: true });
    renameSync(fresh, dist);
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`the console could not be built: ${stderr.trim() || String(error)}`);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
  return 'built';
}

// The console imports types of app/ only, which leave no trace in what is built.
function sourceHash(): string {
  const hash = createHash('sha256').update(readFileSync(join(root, 'package-lock.json')));
  const files = readdirSync(source, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(source, join(entry.parentPath, entry.name)))
    .filter((file) => !/^(dist|node_modules)[./]/.test(file))
    .sort();
  for (const file of files) hash.update(`\0${file}\0`).update(readFileSync(join(source, file)));
  return hash.digest('hex');
}
