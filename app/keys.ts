import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Random keys of this installation: the same after a restart, so that sessions and digest nonces outlive it. */
export type AppKeys = { readonly session: Buffer; readonly digest: Buffer };

const file = 'app-keys.json';

/** Reads them, or makes them on the first start (mode 0600). Throws when the file is there but broken. */
export async function loadKeys(dataFolder: string): Promise<AppKeys> {
  const path = join(dataFolder, file);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (text === null) {
    const made = { session: randomBytes(32), digest: randomBytes(32) };
    const stored = { session: made.session.toString('base64'), digest: made.digest.toString('base64') };
    await writeFile(path, JSON.stringify(stored), { mode: 0o600, flag: 'wx' });
    return made;
  }
  const stored = JSON.parse(text) as Record<string, string>;
  const [session, digest] = [stored.session, stored.digest].map((key) => Buffer.from(key ?? '', 'base64'));
  if (session?.length !== 32 || digest?.length !== 32)
    throw new Error(`${path} is damaged: delete it to have it made anew`);
  return { session, digest };
}
