import { expect, test } from '@jest/globals';
import { decodeTable, encodeTable } from '../media/rtp/g711.ts';
import { hasTone, loudness, sine, toneShare } from './tone.ts';

test('a tone is found at its own frequency and at no other', () => {
  const tone = sine(440, 200);
  expect(toneShare(tone, 440)).toBeGreaterThan(0.99);
  expect(hasTone(tone, 440)).toBe(true);
  for (const other of [350, 480, 660, 880, 1000]) expect(hasTone(tone, other)).toBe(false);
});

test.each(['PCMU', 'PCMA'] as const)('a tone is found again after %s', (law) => {
  const heard = sine(660, 200).map((sample) => decodeTable[law][encodeTable[law][sample & 0xffff] as number] as number);
  expect(hasTone(heard, 660)).toBe(true);
});

test('silence and a whisper are no tone', () => {
  expect(toneShare(new Int16Array(1600), 440)).toBe(0);
  expect(hasTone(sine(440, 200, 100), 440)).toBe(false);
});

test('two voices at once are neither', () => {
  const both = sine(440, 200).map((sample, i) => sample + (sine(1000, 200)[i] as number));
  expect(hasTone(both, 440)).toBe(false);
  expect(loudness(both)).toBeGreaterThan(loudness(sine(440, 200)));
});
