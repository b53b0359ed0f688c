import { encodeG711, type Law } from './g711.ts';

/*
 * What is inside the seal: blocks of one size, one sealed frame each, so that a torn file opens up to its last whole
 * frame and every block says itself where in time it belongs.
 *
 *   0  u32  first sample's place in time, in samples since the recording began (big endian)
 *   4  u16  samples in this block, the rest is padding
 *   6  u8   why there is a gap before it, see `gapReasons`
 *   7  u8   0
 *   8  interleaved G.711, left the party whose leg it is, right what that party hears
 */
export const sampleRate = 8000;
export const channels = 2;
export const samplesPerBlock = 4000;
const headerBytes = 8;
export const blockBytes = headerBytes + samplesPerBlock * channels;
/** Half a second: what a killed recorder may lose beyond what the kernel has. */
export const blockMs = (samplesPerBlock / sampleRate) * 1000;

/** Index is the code in the block. */
export const gapReasons = ['none', 'disconnected', 'overrun', 'silent', 'paused'] as const;
export type GapReason = (typeof gapReasons)[number];

/** Audio that is missing. */
export type Gap = { readonly atMs: number; readonly lengthMs: number; readonly reason: GapReason };

export type Block = { readonly start: number; readonly gap: GapReason; readonly codes: Buffer };

/** Fills blocks with a party's audio and hands on each full one. */
export class BlockWriter {
  readonly #law: Law;
  readonly #full: (block: Buffer) => void;
  #block = Buffer.alloc(blockBytes);
  #start = 0;
  #count = 0;
  #gap: GapReason = 'none';

  constructor(law: Law, full: (block: Buffer) => void) {
    this.#law = law;
    this.#full = full;
  }

  /** Adds stereo 16-bit PCM whose first sample belongs at `start`; `gap` says why when that is not where the last one ended. */
  push(pcm: Buffer, start: number, gap: GapReason): void {
    if (start !== this.#start + this.#count) {
      this.flush();
      this.#start = start;
      this.#gap = gap;
    }
    const bytesPerSample = 2 * channels;
    for (let at = 0; at < pcm.length; ) {
      const room = (samplesPerBlock - this.#count) * bytesPerSample;
      const piece = pcm.subarray(at, at + room);
      encodeG711(this.#law, piece, this.#block, headerBytes + this.#count * channels);
      this.#count += piece.length / bytesPerSample;
      at += piece.length;
      if (this.#count === samplesPerBlock) this.flush();
    }
  }

  /** Hands on what there is, padded. */
  flush(): void {
    if (this.#count === 0) return;
    this.#block.writeUInt32BE(this.#start, 0);
    this.#block.writeUInt16BE(this.#count, 4);
    this.#block.writeUInt8(gapReasons.indexOf(this.#gap), 6);
    const block = this.#block;
    this.#block = Buffer.alloc(blockBytes);
    this.#start += this.#count;
    this.#count = 0;
    this.#gap = 'none';
    this.#full(block);
  }
}

/** Reads one block. Throws when it is none: then the file is not ours, for the seal has already proved it whole. */
export function readBlock(bytes: Buffer): Block {
  const count = bytes.readUInt16BE(4);
  const gap = gapReasons[bytes.readUInt8(6)];
  if (bytes.length !== blockBytes || count > samplesPerBlock || gap === undefined)
    throw new Error('not an audio block');
  return { start: bytes.readUInt32BE(0), gap, codes: bytes.subarray(headerBytes, headerBytes + count * channels) };
}
