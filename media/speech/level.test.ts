import { describe, expect, test } from '@jest/globals';
import { decimateByTwo, levelSpeech } from './level.ts';

const sine = (frequency: number, rate: number, amplitude: number, seconds = 0.5) =>
  Int16Array.from({ length: rate * seconds }, (_, i) => amplitude * Math.sin((2 * Math.PI * frequency * i) / rate));
const rms = (samples: Int16Array) => Math.sqrt(samples.reduce((sum, s) => sum + s * s, 0) / samples.length);

describe('decimateByTwo', () => {
  test('keeps what telephony carries', () => {
    const out = decimateByTwo(sine(1000, 16_000, 10_000));
    expect(out.length).toBe(4_000);
    expect(rms(out) / rms(sine(1000, 8_000, 10_000))).toBeCloseTo(1, 1);
  });
  test('lets nothing above 4 kHz fold back', () => {
    expect(rms(decimateByTwo(sine(6000, 16_000, 10_000)))).toBeLessThan(100);
  });
});

describe('levelSpeech', () => {
  test('brings quiet and loud speech to one loudness', () => {
    const [quiet, loud] = [levelSpeech(sine(300, 8_000, 6_000)), levelSpeech(sine(300, 8_000, 30_000))];
    expect(rms(quiet) / rms(loud)).toBeCloseTo(1, 1);
  });
  test('never clips and never raises silence', () => {
    const peaky = sine(300, 8_000, 300);
    peaky[10] = 32_767;
    expect(Math.max(...levelSpeech(peaky))).toBeLessThan(29_500);
    expect(levelSpeech(new Int16Array(100))).toEqual(new Int16Array(100));
  });
});
