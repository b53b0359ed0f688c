import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ToneDialling } from './tone-dialling.ts';

const rows = [697, 770, 852, 941];
const columns = [1209, 1336, 1477, 1633];
const keys = '123A456B789C*0#D';

/** Digits told for pieces of sound, cut into frames. */
function digitsOf(pieces: readonly Int16Array[]): string {
  const samples = Int16Array.from(pieces.flatMap((piece) => [...piece]));
  let told = '';
  const detector = new ToneDialling((digit) => {
    told += digit;
  });
  for (let at = 0; at + 160 <= samples.length; at += 160) detector.frame(samples.subarray(at, at + 160));
  detector.frame(new Int16Array(160));
  return told;
}

function press(key: string, ms: number, level = 6000, noise = 0): Int16Array {
  const index = keys.indexOf(key);
  const [low, high] = [rows[index >> 2] as number, columns[index & 3] as number];
  return Int16Array.from({ length: ms * 8 }, (_, i) => {
    const tones = Math.sin((2 * Math.PI * low * i) / 8000) + Math.sin((2 * Math.PI * high * i) / 8000);
    return (tones * level) / 2 + (Math.random() - 0.5) * noise;
  });
}

test('every key is told, at many levels, lengths and under noise', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom(...keys), minLength: 1, maxLength: 6 }),
      fc.integer({ min: 70, max: 300 }),
      fc.integer({ min: 600, max: 15_000 }),
      (text, ms, level) => {
        const pieces = [...text].flatMap((key) => [press(key, ms, level, level / 8), new Int16Array(480)]);
        expect(digitsOf(pieces)).toBe(text);
      },
    ),
    { numRuns: 60 },
  );
});

test('one tone, a chord, noise and a blip of 15 ms are no keys', () => {
  const sine = (...frequencies: number[]) =>
    Int16Array.from({ length: 4000 }, (_, i) =>
      frequencies.reduce((sum, f) => sum + 3000 * Math.sin((2 * Math.PI * f * i) / 8000), 0),
    );
  expect(digitsOf([sine(697)])).toBe('');
  expect(digitsOf([sine(440, 554, 659)])).toBe('');
  expect(digitsOf([sine(697, 1209, 300, 2100)])).toBe('');
  expect(digitsOf([Int16Array.from({ length: 8000 }, () => (Math.random() - 0.5) * 20_000)])).toBe('');
  expect(digitsOf([new Int16Array(160), press('5', 15), new Int16Array(480)])).toBe('');
});
