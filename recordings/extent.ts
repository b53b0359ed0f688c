import type { FileHandle } from 'node:fs/promises';
import { blockBytes, blockMs } from './blocks.ts';

/** How far a sealed file reaches, told without its key. */
export type Extent = {
  readonly sizeBytes: number;
  readonly wholeFrames: number;
  /** End of the last whole frame. */
  readonly wholeBytes: number;
  /** The final frame is there: it was closed, not cut off. */
  readonly closed: boolean;
  /** Audio in it at most; gaps not counted. */
  readonly audioMs: number;
};

const frameBytes = 4 + 12 + blockBytes + 16;
const finalFrameBytes = 4 + 4 + 12 + 4 + 0 + 16;
const headerReadBytes = 16_384;

/** Extent of an AWS Encryption SDK message as `openSeal` makes them; null when not even its header is whole. */
export async function readExtent(file: FileHandle): Promise<Extent | null> {
  const { size } = await file.stat();
  const head = Buffer.alloc(Math.min(size, headerReadBytes));
  await file.read(head, 0, head.length, 0);
  const bodyStart = headerLength(head);
  if (bodyStart === null || bodyStart > size) return null;
  const wholeFrames = Math.floor((size - bodyStart) / frameBytes);
  const tailStart = bodyStart + wholeFrames * frameBytes;
  const closed = size - tailStart === finalFrameBytes && (await isFinal(file, tailStart));
  const wholeBytes = closed ? size : tailStart;
  return { sizeBytes: size, wholeFrames, wholeBytes, closed, audioMs: wholeFrames * blockMs };
}

async function isFinal(file: FileHandle, position: number): Promise<boolean> {
  const mark = Buffer.alloc(4);
  await file.read(mark, 0, 4, position);
  return mark.readUInt32BE(0) === 0xffffffff;
}

/** AWS Encryption SDK message format, header version 2.0, with its authentication tag; null when cut off. */
function headerLength(head: Buffer): number | null {
  try {
    if (head.readUInt8(0) !== 2) return null;
    let at = 1 + 2 + 32; // version, algorithm suite, message id
    at += 2 + head.readUInt16BE(at); // encryption context
    const keys = head.readUInt16BE(at);
    at += 2;
    for (let part = 0; part < keys * 3; part += 1) at += 2 + head.readUInt16BE(at); // provider, provider info, data key
    if (head.readUInt8(at) !== 2 || head.readUInt32BE(at + 1) !== blockBytes) return null;
    return at + 1 + 4 + 32 + 16; // content type, frame length, key commitment, tag
  } catch {
    return null; // RangeError: shorter than a header
  }
}
