/* RIFF WAVE: 16-bit or 8-bit PCM and G.711, any rate, mono or stereo, to mono samples; and the 44-byte header to write. */
import { decodeTable } from '../rtp/g711.ts';

export type Wav = { readonly rate: number; readonly samples: Int16Array };

const formatPcm = 1;
const formatAlaw = 6;
const formatUlaw = 7;
const formatExtensible = 0xfffe;

/** The file's audio as mono, or null when it is no WAV that we read. A `data` chunk cut short is taken as far as it goes. */
export function readWav(file: Buffer): Wav | null {
  if (file.length < 12 || file.toString('latin1', 0, 4) !== 'RIFF' || file.toString('latin1', 8, 12) !== 'WAVE')
    return null;
  let format: Buffer | null = null;
  for (let at = 12; at + 8 <= file.length; ) {
    const name = file.toString('latin1', at, at + 4);
    const size = file.readUInt32LE(at + 4);
    const body = file.subarray(at + 8, Math.min(at + 8 + size, file.length));
    if (name === 'fmt ' && body.length >= 16) format = body;
    if (name === 'data') return format === null ? null : decodeData(format, body);
    at += 8 + size + (size & 1);
  }
  return null;
}

function decodeData(format: Buffer, data: Buffer): Wav | null {
  const tag = format.readUInt16LE(0);
  const code = tag === formatExtensible && format.length >= 26 ? format.readUInt16LE(24) : tag;
  const channels = format.readUInt16LE(2);
  const rate = format.readUInt32LE(4);
  const bits = format.readUInt16LE(14);
  const sampleAt = reader(code, bits, data);
  if (sampleAt === null || channels < 1 || rate < 4000 || rate > 192_000) return null;
  const frames = Math.floor(data.length / ((bits / 8) * channels));
  const samples = new Int16Array(frames);
  for (let frame = 0; frame < frames; frame++) {
    let sum = 0;
    for (let channel = 0; channel < channels; channel++) sum += sampleAt(frame * channels + channel);
    samples[frame] = sum / channels;
  }
  return { rate, samples };
}

function reader(code: number, bits: number, data: Buffer): ((index: number) => number) | null {
  if (code === formatPcm && bits === 16) return (index) => data.readInt16LE(index * 2);
  if (code === formatPcm && bits === 8) return (index) => ((data[index] as number) - 128) << 8;
  if (code === formatUlaw && bits === 8) return (index) => decodeTable.PCMU[data[index] as number] as number;
  if (code === formatAlaw && bits === 8) return (index) => decodeTable.PCMA[data[index] as number] as number;
  return null;
}

/** Header of a 16-bit PCM WAV with `dataBytes` of audio. */
export function wavHeader(rate: number, channels: number, dataBytes: number): Buffer {
  const header = Buffer.alloc(44);
  header.write('RIFF', 0, 'latin1');
  header.writeUInt32LE(36 + dataBytes, 4);
  header.write('WAVEfmt ', 8, 'latin1');
  header.writeUInt32LE(16, 16);
  header.writeUInt16LE(formatPcm, 20);
  header.writeUInt16LE(channels, 22);
  header.writeUInt32LE(rate, 24);
  header.writeUInt32LE(rate * channels * 2, 28);
  header.writeUInt16LE(channels * 2, 32);
  header.writeUInt16LE(16, 34);
  header.write('data', 36, 'latin1');
  header.writeUInt32LE(dataBytes, 40);
  return header;
}
