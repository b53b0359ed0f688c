import { createPublicKey } from 'node:crypto';
import { appendAudit } from '../../db/audit.ts';
import type { Pool } from '../../db/db.ts';
import { keysSealedTo, replaceSealedKey } from '../../db/recordings.ts';
import { sealKey } from '../seal.ts';
import { type PrivateKeys, rotateKeys } from './private-keys.ts';
import { openKey, Unopenable } from './unseal.ts';

/**
 * Makes a new pair and seals every recording's key to it, audio untouched; resolves with how many. Recordings that run
 * meanwhile keep the old pair, which therefore stays readable; the next rotation takes them along.
 */
export async function reseal(
  keysFolder: string,
  old: PrivateKeys,
  pool: Pool,
  by: { readonly actor: string; readonly reason: string },
  rotated: (keys: PrivateKeys) => void,
): Promise<number> {
  const keys = await rotateKeys(keysFolder, old);
  rotated(keys);
  await appendAudit(pool, {
    actor: by.actor,
    action: 'recording.rotate-keys',
    subject: `key:${keys.currentId}`,
    detail: { from: old.currentId, reason: by.reason },
  });
  const current = keys.byId.get(keys.currentId);
  if (!current) throw new Error('the new key is missing');
  const publicKey = createPublicKey(current);
  let resealed = 0;
  for (const [id, privateKey] of keys.byId) {
    if (id === keys.currentId) continue;
    for (const recordingId of await keysSealedTo(pool, id)) {
      resealed += await replaceSealedKey(pool, recordingId, id, async (sealed) => {
        const opened = await openKey(sealed, recordingId, id, privateKey).catch((error: Error) => {
          if (error instanceof Unopenable) return null; // damaged: left as it is, `verify` names it
          throw error;
        });
        if (!opened) return null;
        const { wrappingKey, context } = opened;
        const message = await sealKey(wrappingKey, { ...context }, publicKey, keys.currentId);
        wrappingKey.fill(0);
        return { sealed: message, publicKeyId: keys.currentId };
      });
    }
  }
  return resealed;
}
