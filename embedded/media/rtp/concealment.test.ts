import { expect, test } from '@jest/globals';
import { Concealment } from './concealment.ts';

const tone = (frequency: number, frame: number) =>
  Int16Array.from({ length: 160 }, (_, i) => 8000 * Math.sin((2 * Math.PI * frequency * (frame * 160 + i)) / 8000));
const level = (frame: Int16Array) => frame.reduce((sum, sample) => sum + Math.abs(sample), 0) / frame.length;

test.each([100, 200, 250])('one lost frame of a tone of %i Hz is hardly missed', (frequency) => {
  const concealment = new Concealment();
  for (let i = 0; i < 5; i++) concealment.good(tone(frequency, i));
  const made = new Int16Array(160);
  concealment.lost(made);
  const real = tone(frequency, 5);
  const error = made.map((sample, i) => sample - (real[i] as number)).subarray(0, 40);
  expect(level(error)).toBeLessThan(level(real) * 0.2);
});

test('a long loss fades to silence and the return does not click', () => {
  const concealment = new Concealment();
  for (let i = 0; i < 5; i++) concealment.good(tone(200, i));
  const levels = Array.from({ length: 5 }, () => {
    const made = new Int16Array(160);
    concealment.lost(made);
    return level(made);
  });
  expect(levels[0]).toBeGreaterThan(levels[1] as number);
  expect(levels[4]).toBe(0);
  const back = tone(200, 10);
  concealment.good(back);
  expect(Math.abs(back[0] as number)).toBeLessThan(100);
});
