import { readFile, writeFile } from 'node:fs/promises';

/** Mono 16-bit PCM. */
export type Pcm = { readonly sampleRate: number; readonly samples: Int16Array };

const headerBytes = 44;

/** Reads a mono 16-bit RIFF/WAVE file; chunks other than fmt and data are passed over. Throws on anything else. */
export async function readWav(file: string): Promise<Pcm> {
  const bytes = await readFile(file);
  if (bytes.toString('latin1', 0, 4) !== 'RIFF' || bytes.toString('latin1', 8, 12) !== 'WAVE')
    throw new Error('not a WAV file');
  let sampleRate = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = bytes.toString('latin1', at, at + 4);
    const size = bytes.readUInt32LE(at + 4);
    if (id === 'fmt ') {
      const [format, channels, bits] = [
        bytes.readUInt16LE(at + 8),
        bytes.readUInt16LE(at + 10),
        bytes.readUInt16LE(at + 22),
      ];
      if (format !== 1 || channels !== 1 || bits !== 16) throw new Error('not mono 16-bit PCM');
      sampleRate = bytes.readUInt32LE(at + 12);
    }
    if (id === 'data' && sampleRate > 0) {
      // A writer that streamed may have left a size beyond the end.
      const data = bytes.subarray(at + 8, Math.min(at + 8 + size, bytes.length));
      const samples = new Int16Array(data.length >> 1);
      for (let i = 0; i < samples.length; i += 1) samples[i] = data.readInt16LE(i * 2);
      return { sampleRate, samples };
    }
    at += 8 + size + (size & 1);
  }
  throw new Error('no audio in the WAV file');
}

export async function writeWav(file: string, pcm: Pcm): Promise<void> {
  const dataBytes = pcm.samples.length * 2;
  const bytes = Buffer.alloc(headerBytes + dataBytes);
  bytes.write('RIFF', 0, 'latin1');
  bytes.writeUInt32LE(headerBytes - 8 + dataBytes, 4);
  bytes.write('WAVEfmt ', 8, 'latin1');
  bytes.writeUInt32LE(16, 16);
  bytes.writeUInt16LE(1, 20);
  bytes.writeUInt16LE(1, 22);
  bytes.writeUInt32LE(pcm.sampleRate, 24);
  bytes.writeUInt32LE(pcm.sampleRate * 2, 28);
  bytes.writeUInt16LE(2, 32);
  bytes.writeUInt16LE(16, 34);
  bytes.write('data', 36, 'latin1');
  bytes.writeUInt32LE(dataBytes, 40);
  pcm.samples.forEach((sample, i) => {
    bytes.writeInt16LE(sample, headerBytes + i * 2);
  });
  await writeFile(file, bytes);
}
