import { createHash, createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

export const publicKeyFile = 'public.pem';
const leastModulusBits = 3072;

export type PublicKey = { readonly id: string; readonly key: KeyObject };

/** First half of the SHA-256 of the key's SubjectPublicKeyInfo, in hex. */
export function keyId(key: KeyObject): string {
  return createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')
    .slice(0, 32);
}

/** The key that new recordings are sealed to. Throws when it is missing, no RSA key, or shorter than 3072 bits. */
export async function readPublicKey(keysFolder: string): Promise<PublicKey> {
  const path = join(keysFolder, publicKeyFile);
  const pem = await readFile(path, 'utf8').catch((cause) => {
    throw new Error(`no recording key at ${path}; the recordings reader makes it on its first start`, { cause });
  });
  const key = createPublicKey(pem);
  requireStrength(key, path);
  return { id: keyId(key), key };
}

/** Throws unless `key` is RSA of at least 3072 bits. */
export function requireStrength(key: KeyObject, path: string): void {
  const bits = key.asymmetricKeyType === 'rsa' ? (key.asymmetricKeyDetails?.modulusLength ?? 0) : 0;
  if (bits < leastModulusBits) throw new Error(`${path} must be an RSA key of at least ${leastModulusBits} bits`);
}
