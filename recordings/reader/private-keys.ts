import { createPrivateKey, createPublicKey, generateKeyPair, type KeyObject } from 'node:crypto';
import { chmod, mkdir, open, readdir, readFile, rename, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { keyId, publicKeyFile, requireStrength } from '../keys.ts';

/*
 * The folder's files: public.pem, what new recordings are sealed to; private.pem, its other half; private-<id>.pem,
 * halves of earlier public keys, kept while a recording is still sealed to one.
 */
const modulusLength = 3072;

export type PrivateKeys = {
  /** By public key id. */
  readonly byId: ReadonlyMap<string, KeyObject>;
  /** Of the public key that new recordings are sealed to. */
  readonly currentId: string;
};

/** The private keys; makes the first pair on the first start. Throws when a file is readable by anyone else, weak, or the current one is missing. */
export async function loadPrivateKeys(folder: string): Promise<PrivateKeys> {
  await mkdir(folder, { recursive: true, mode: 0o755 });
  const byId = await readPrivateKeys(folder);
  const publicPem = await readFile(join(folder, publicKeyFile), 'utf8').catch(() => null);
  if (publicPem !== null) {
    const currentId = keyId(createPublicKey(publicPem));
    if (!byId.has(currentId)) {
      throw new Error(
        `${join(folder, publicKeyFile)} has no private key beside it: what was sealed to it cannot be opened. Bring private.pem back, or move public.pem away to begin with a new pair.`,
      );
    }
    return { byId, currentId };
  }
  const key = byId.values().next().value ?? (await newPair(folder, 'private.pem'));
  await publish(folder, key);
  return { byId: new Map([...byId, [keyId(createPublicKey(key)), key]]), currentId: keyId(createPublicKey(key)) };
}

/** Makes a new pair current. The old private key stays until nothing is sealed to it. */
export async function rotateKeys(folder: string, old: PrivateKeys): Promise<PrivateKeys> {
  const key = await newPair(folder, 'private.pem.new');
  const id = keyId(createPublicKey(key));
  // Any crash between these steps leaves every private key under a name that is read.
  await rename(join(folder, 'private.pem.new'), join(folder, `private-${id}.pem`));
  await publish(folder, key);
  await rename(join(folder, 'private.pem'), join(folder, `private-${old.currentId}.pem`)).catch(() => {});
  await rename(join(folder, `private-${id}.pem`), join(folder, 'private.pem'));
  return { byId: new Map([...old.byId, [id, key]]), currentId: id };
}

async function readPrivateKeys(folder: string): Promise<Map<string, KeyObject>> {
  const byId = new Map<string, KeyObject>();
  const names = await readdir(folder);
  for (const name of names.filter((each) => /^private(-[0-9a-f]+)?\.pem$/.test(each))) {
    const path = join(folder, name);
    const { mode } = await stat(path);
    if (mode & 0o077) throw new Error(`${path} can be read by others: chmod 600 it, and rotate if they may have`);
    const key = createPrivateKey(await readFile(path, 'utf8'));
    requireStrength(key, path);
    byId.set(keyId(createPublicKey(key)), key);
  }
  return byId;
}

async function newPair(folder: string, name: string): Promise<KeyObject> {
  const { privateKey } = await promisify(generateKeyPair)('rsa', { modulusLength });
  await writeWhole(join(folder, name), privateKey.export({ type: 'pkcs8', format: 'pem' }) as string, 0o600);
  return privateKey;
}

async function publish(folder: string, privateKey: KeyObject): Promise<void> {
  const pem = createPublicKey(privateKey).export({ type: 'spki', format: 'pem' }) as string;
  await writeWhole(join(folder, publicKeyFile), pem, 0o644);
}

/** Writes a file that is either whole or not there. */
export async function writeWhole(path: string, text: string, mode: number): Promise<void> {
  const file = await open(`${path}.part`, 'w', mode);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(`${path}.part`, mode); // whatever the umask was
  await rename(`${path}.part`, path);
}
