import type { KeyObject } from 'node:crypto';
import { randomBytes } from 'node:crypto';
import type { Duplex } from 'node:stream';
import {
  AlgorithmSuiteIdentifier,
  buildEncrypt,
  CommitmentPolicy,
  RawAesKeyringNode,
  RawAesWrappingSuiteIdentifier,
  RawRsaKeyringNode,
} from '@aws-crypto/client-node';
import { blockBytes } from './blocks.ts';
import type { Law } from './g711.ts';

/*
 * Two AWS Encryption SDK messages a recording: the audio under a wrapping key of its own, and that key sealed to the
 * clinic's public key. Rotation rewrites the second, deletion destroys it; the first is never touched again.
 */

/** AES-256-GCM, HKDF-SHA512, key commitment, no signature: 0x0478. */
export const suiteId = AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY;
export const keyNamespace = 'chartline';
export const wrappingSuite = RawAesWrappingSuiteIdentifier.AES256_GCM_IV12_TAG16_NO_PADDING;

const { encrypt, encryptStream } = buildEncrypt(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);

/** What both messages are bound to: moving audio or key to another recording makes them unreadable. */
export type SealedFor = {
  readonly recordingId: string;
  readonly callId: string;
  readonly clinic: string;
  readonly startedAt: Date;
  readonly law: Law;
};

/** Readable without the key, so nothing about a patient. */
export const contextOf = (about: SealedFor): Record<string, string> => ({
  recording: about.recordingId,
  call: about.callId,
  clinic: about.clinic,
  start: about.startedAt.toISOString(),
  audio: `${about.law}/8000/2`,
});

/** One recording's seal: plaintext blocks in, sealed frames out as soon as each block is whole. */
export type Seal = { readonly stream: Duplex; readonly sealedKey: Buffer };

/** Makes a wrapping key that exists only in this seal's memory and, sealed to `publicKey`, in `sealedKey`. */
export async function openSeal(about: SealedFor, publicKey: KeyObject, publicKeyId: string): Promise<Seal> {
  const wrappingKey = randomBytes(32);
  try {
    const sealedKey = await sealKey(wrappingKey, contextOf(about), publicKey, publicKeyId);
    const keyring = new RawAesKeyringNode({
      keyNamespace,
      keyName: about.recordingId,
      unencryptedMasterKey: new Uint8Array(wrappingKey), // an own ArrayBuffer: small Buffers share Node's pool
      wrappingSuite,
    });
    const stream = encryptStream(keyring, { suiteId, encryptionContext: contextOf(about), frameLength: blockBytes });
    return { stream, sealedKey };
  } finally {
    wrappingKey.fill(0);
  }
}

/** The small message: `wrappingKey` sealed to `publicKey` (RSA-OAEP-SHA256), bound to `context`. */
export async function sealKey(
  wrappingKey: Uint8Array,
  context: Record<string, string>,
  publicKey: KeyObject,
  publicKeyId: string,
): Promise<Buffer> {
  const keyring = new RawRsaKeyringNode({
    keyNamespace,
    keyName: publicKeyId,
    rsaKey: { publicKey: publicKey.export({ type: 'spki', format: 'pem' }) },
    oaepHash: 'sha256',
  });
  return (await encrypt(keyring, wrappingKey, { suiteId, encryptionContext: { ...context } })).result;
}
