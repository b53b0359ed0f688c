import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { encode } from '../rtp/g711.ts';
import { resample, Upsampler } from './resample.ts';
import { SampleSource, SequenceSource, SilenceSource } from './source.ts';
import { parseTones, renderTones } from './tone.ts';
import { readWav, wavHeader } from './wav.ts';

const sine = (frequency: number, rate: number, length: number) =>
  Int16Array.from({ length }, (_, i) => Math.round(10_000 * Math.sin((2 * Math.PI * frequency * i) / rate)));
function rms(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return Math.sqrt(sum / samples.length);
}

describe('WAV', () => {
  test('16-bit stereo is read as the mean of its channels', () => {
    const data = Buffer.alloc(8);
    for (const [index, value] of [100, 300, -50, 50].entries()) data.writeInt16LE(value, index * 2);
    const wav = readWav(Buffer.concat([wavHeader(16_000, 2, 8), data]));
    expect(wav?.rate).toBe(16_000);
    expect([...(wav?.samples ?? [])]).toEqual([200, 0]);
  });

  test('G.711 and unknown chunks are read, a cut file as far as it goes', () => {
    const samples = sine(440, 8000, 160);
    const data = Buffer.alloc(160);
    encode('PCMU', samples, 160, data, 0);
    const header = wavHeader(8000, 1, 1000);
    header.writeUInt16LE(7, 20);
    header.writeUInt16LE(8, 34);
    const list = Buffer.from('LIST\x04\0\0\0abcd', 'latin1');
    const wav = readWav(Buffer.concat([header.subarray(0, 36), list, header.subarray(36), data]));
    expect(wav?.samples.length).toBe(160);
    expect(Math.abs((wav?.samples[5] ?? 0) - (samples[5] ?? 0))).toBeLessThan(500);
  });

  test('no bytes whatever make it throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), fc.boolean(), (bytes, headed) => {
        const file = headed ? Buffer.concat([wavHeader(8000, 1, 10).subarray(0, 12), bytes]) : Buffer.from(bytes);
        readWav(file);
      }),
    );
  });
});

describe('resampling', () => {
  test.each([
    [16_000, 8000],
    [44_100, 8000],
    [8000, 16_000],
  ])('from %i to %i keeps a tone and its level', async (from, to) => {
    const out = await resample(sine(1000, from, from), from, to);
    expect(out.length).toBe(to);
    const wanted = sine(1000, to, to);
    const error = out.map((sample, i) => sample - (wanted[i] as number)).subarray(200, to - 200);
    expect(rms(error)).toBeLessThan(rms(wanted) * 0.02);
  });

  test('what 8 kHz cannot carry does not come back as something else', async () => {
    const out = await resample(sine(6000, 16_000, 16_000), 16_000, 8000);
    expect(rms(out)).toBeLessThan(200);
  });

  test('the stream upsampler has no seams between frames', () => {
    const upsampler = new Upsampler(2, 160);
    const input = sine(1000, 8000, 1600);
    const out = new Int16Array(3200);
    for (let frame = 0; frame < 10; frame++) {
      upsampler.write(input.subarray(frame * 160, (frame + 1) * 160), out, frame * 320, 1);
    }
    const wanted = sine(1000, 16_000, 3200);
    let best = Number.POSITIVE_INFINITY;
    for (let delay = 0; delay < 20; delay++) {
      const error = out.slice(400, 3000).map((sample, i) => sample - (wanted[400 + i - delay] as number));
      best = Math.min(best, rms(error));
    }
    expect(best).toBeLessThan(rms(wanted) * 0.05);
  });
});

describe('tones', () => {
  test('on, off, loops and several frequencies', () => {
    const script = parseTones('%(200,100,440);loops=2');
    expect(script).toMatchObject({ loops: 2, steps: [{ onMs: 200, offMs: 100, frequencies: [440] }] });
    const samples = script ? renderTones(script) : new Int16Array(0);
    expect(samples.length).toBe(2400);
    expect(rms(samples.subarray(0, 1600))).toBeGreaterThan(1000);
    expect(rms(samples.subarray(1600))).toBe(0);
    expect(parseTones('v=-20;%(100,0,350,440);loops=-1')).toMatchObject({ loops: Number.POSITIVE_INFINITY });
  });

  test.each(['', 'loops=3', '%(a,b)', '%(0,0,440)'])('%j is no tone', (text) => {
    expect(parseTones(text)).toBeNull();
  });
});

describe('sources', () => {
  test('read every sample once, loops and parts without a seam, and then end', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 500 }), { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 3 }),
        (lengths, loops) => {
          let next = 0;
          const parts = lengths.map((length) => Int16Array.from({ length }, () => (next++ % 30_000) + 1));
          const source = new SequenceSource(
            parts.map((samples) => new SampleSource({ samples, rate: 8000 }, 0, loops)),
          );
          const heard: number[] = [];
          const frame = new Int16Array(160);
          for (let got = 160; got === 160; ) {
            got = source.read(frame);
            heard.push(...frame.subarray(0, got));
            expect(frame.subarray(got).every((sample) => sample === 0)).toBe(true);
          }
          expect(heard).toEqual(parts.flatMap((samples) => Array.from({ length: loops }, () => [...samples]).flat()));
          expect(source.position).toBe(heard.length);
        },
      ),
    );
  });

  test('silence has its length', () => {
    const source = new SilenceSource(200);
    const frame = new Int16Array(160);
    expect([source.read(frame), source.read(frame), source.read(frame)]).toEqual([160, 40, 0]);
  });
});
