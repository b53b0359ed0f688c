import type { KeyObject } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { buildDecrypt, CommitmentPolicy, RawAesKeyringNode, RawRsaKeyringNode } from '@aws-crypto/client-node';
import { type Block, blockBytes, readBlock } from '../blocks.ts';
import { type Extent, readExtent } from '../extent.ts';
import { keyNamespace, wrappingSuite } from '../seal.ts';

const { decrypt, decryptStream } = buildDecrypt({
  commitmentPolicy: CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT,
  maxEncryptedDataKeys: 1,
});

/** A recording that does not open: tampered with, another's, or its key is not here. */
export class Unopenable extends Error {}

export type OpenedKey = { readonly wrappingKey: Buffer; readonly context: Readonly<Record<string, string>> };

/** Opens the small message. Throws `Unopenable`. */
export async function openKey(
  sealed: Buffer,
  recordingId: string,
  publicKeyId: string,
  privateKey: KeyObject,
): Promise<OpenedKey> {
  const keyring = new RawRsaKeyringNode({
    keyNamespace,
    keyName: publicKeyId,
    rsaKey: { privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' }) },
    oaepHash: 'sha256',
  });
  try {
    const { plaintext, messageHeader } = await decrypt(keyring, sealed);
    const context = { ...messageHeader.encryptionContext };
    if (context.recording !== recordingId) throw new Error('sealed for another recording');
    return { wrappingKey: plaintext, context };
  } catch (cause) {
    throw new Unopenable('its key does not open', { cause });
  }
}

export type SealedFile = { readonly path: string; readonly recordingId: string; readonly callId: string };

/** How far the file reaches. Throws `Unopenable` when it is missing or not even its header is there. */
export async function extentOf(path: string): Promise<Extent> {
  const file = await open(path, 'r').catch((cause) => {
    throw new Unopenable('its file is missing', { cause });
  });
  const extent = await readExtent(file).finally(() => file.close());
  if (!extent) throw new Unopenable('its file is not a sealed recording');
  return extent;
}

/** Every whole block of the file in order, each authenticated before it is yielded. Throws `Unopenable` at the first that is not. */
export async function* openBlocks(file: SealedFile, extent: Extent, wrappingKey: Uint8Array): AsyncGenerator<Block> {
  if (extent.wholeFrames === 0) return;
  const keyring = new RawAesKeyringNode({
    keyNamespace,
    keyName: file.recordingId,
    unencryptedMasterKey: new Uint8Array(wrappingKey),
    wrappingSuite,
  });
  const source = createReadStream(file.path, { end: extent.wholeBytes - 1, highWaterMark: 64 * 1024 });
  const opened = decryptStream(keyring, { maxBodySize: blockBytes });
  opened.once('MessageHeader', ({ encryptionContext: { recording, call } }) => {
    if (recording !== file.recordingId || call !== file.callId) opened.destroy(new Error('another recording'));
  });
  source.on('error', (error) => opened.destroy(error));
  opened.on('error', () => {}); // the SDK reports its streams' end once more after a player has left
  // A cut-off message is never ended: the library would throw away the whole frames that it still holds.
  source.pipe(opened, { end: extent.closed });
  let left = extent.wholeFrames;
  let waiting: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of opened as AsyncIterable<Buffer>) {
      waiting.push(piece);
      bytes += piece.length;
      if (bytes < blockBytes) continue;
      const whole = Buffer.concat(waiting);
      let at = 0;
      for (; at + blockBytes <= whole.length; at += blockBytes) {
        yield readBlock(whole.subarray(at, at + blockBytes));
        left -= 1;
      }
      waiting = [whole.subarray(at)];
      bytes = whole.length - at;
      if (left === 0 && !extent.closed) return;
    }
    if (left !== 0) throw new Error('frames are missing');
  } catch (cause) {
    throw new Unopenable('it has been changed', { cause });
  } finally {
    source.destroy();
    opened.destroy();
  }
}
