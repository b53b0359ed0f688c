import { type Block, channels, sampleRate } from '../blocks.ts';
import { decodeG711, type Law } from '../g711.ts';

/** 16-bit PCM: what every browser and player opens. */
export const wavBytesPerSample = 2 * channels;
const silence = Buffer.alloc(32_000);

/** RIFF header for `samples` of stereo at 8 kHz; `comment` goes into the file as INFO/ICMT. */
export function wavHeader(samples: number, comment: string | null): Buffer {
  const data = samples * wavBytesPerSample;
  const info = comment === null ? Buffer.alloc(0) : infoChunk(comment);
  const head = Buffer.alloc(36);
  head.write('RIFF', 0, 'latin1');
  head.writeUInt32LE(36 + info.length + data, 4);
  head.write('WAVEfmt ', 8, 'latin1');
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(channels, 22);
  head.writeUInt32LE(sampleRate, 24);
  head.writeUInt32LE(sampleRate * wavBytesPerSample, 28);
  head.writeUInt16LE(wavBytesPerSample, 32);
  head.writeUInt16LE(16, 34);
  const dataHead = Buffer.alloc(8);
  dataHead.write('data', 0, 'latin1');
  dataHead.writeUInt32LE(data, 4);
  return Buffer.concat([head, info, dataHead]);
}

function infoChunk(comment: string): Buffer {
  const text = Buffer.from(`${comment}\0`, 'utf8');
  const padded = Buffer.concat([text, Buffer.alloc(text.length % 2)]);
  const chunk = Buffer.alloc(20);
  chunk.write('LIST', 0, 'latin1');
  chunk.writeUInt32LE(4 + 8 + padded.length, 4);
  chunk.write('INFOICMT', 8, 'latin1');
  chunk.writeUInt32LE(text.length, 16);
  return Buffer.concat([chunk, padded]);
}

/** PCM of the samples from `from` to `to`, gaps as silence, so that place in the file is place in time. */
export async function* pcmBetween(
  blocks: AsyncIterable<Block>,
  law: Law,
  from: number,
  to: number,
): AsyncGenerator<Buffer> {
  let at = from;
  for await (const { start, codes } of blocks) {
    const end = start + codes.length / channels;
    if (end <= at) continue;
    yield* silenceOf(Math.min(start, to) - at);
    at = Math.max(at, Math.min(start, to));
    const until = Math.min(end, to);
    if (until > at) yield decodeG711(law, codes.subarray((at - start) * channels, (until - start) * channels));
    at = Math.max(at, until);
    if (at >= to) return;
  }
  yield* silenceOf(to - at);
}

function* silenceOf(samples: number): Generator<Buffer> {
  for (let bytes = samples * wavBytesPerSample; bytes > 0; bytes -= silence.length) yield silence.subarray(0, bytes);
}
