import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { frameSamples, JitterBuffer } from './jitter-buffer.ts';

/** A packet whose bytes are its number. */
const packet = (number: number) => new Uint8Array(frameSamples).fill(number & 0xff);
const first = 0xfffff000; // wraps early

function push(buffer: JitterBuffer, number: number): void {
  buffer.push((first + number * frameSamples) >>> 0, packet(number), 0, frameSamples);
}

/** Pulls one frame: its number, 'lost' or 'silent'. */
function pull(buffer: JitterBuffer): number | 'lost' | 'silent' {
  const frame = new Uint8Array(frameSamples);
  const result = buffer.pull(frame);
  if (result !== 'audio') return result;
  expect(new Set(frame).size).toBe(1);
  return frame[0] as number;
}

/** One packet pushed and one frame pulled, in lockstep. */
function run(buffer: JitterBuffer, numbers: readonly (number | null)[]): (number | string)[] {
  return numbers.map((number) => {
    if (number !== null) push(buffer, number);
    return pull(buffer);
  });
}

describe('the jitter buffer', () => {
  test('plays a steady stream in order after its first delay', () => {
    const heard = run(
      new JitterBuffer(),
      Array.from({ length: 50 }, (_, i) => i),
    );
    expect(heard.slice(0, 1)).toEqual(['silent']);
    expect(heard.slice(1)).toEqual(Array.from({ length: 49 }, (_, i) => i));
  });

  test('says silent when nothing ever came, and again after the stream stopped', () => {
    const buffer = new JitterBuffer();
    expect(pull(buffer)).toBe('silent');
    run(buffer, [0, 1, 2, 3]);
    const after = Array.from({ length: 20 }, () => pull(buffer));
    expect(after[0]).toBe(3);
    expect(after).toContain('lost');
    expect(after.at(-1)).toBe('silent');
  });

  test('a lost packet is one lost frame, a doubled one is nothing', () => {
    const buffer = new JitterBuffer();
    expect(run(buffer, [0, 1, 2, null, 4, 5]).slice(1)).toEqual([0, 1, 2, 'lost', 4]);
    push(buffer, 6);
    push(buffer, 6);
    expect([pull(buffer), pull(buffer)]).toEqual([5, 6]);
  });

  test('a late packet is still heard: the delay grows once', () => {
    const buffer = new JitterBuffer();
    run(buffer, [0, 1, 2]);
    expect([pull(buffer), pull(buffer), pull(buffer)]).toEqual([2, 'lost', 'lost']);
    push(buffer, 3);
    push(buffer, 4);
    push(buffer, 5);
    expect([pull(buffer), pull(buffer), pull(buffer)]).toEqual([3, 4, 5]);
    expect(buffer.late).toBeGreaterThan(0);
  });

  test('a surplus is given up after three calm seconds', () => {
    const buffer = new JitterBuffer();
    for (let i = 0; i < 6; i++) push(buffer, i);
    const before = buffer.depth;
    run(
      buffer,
      Array.from({ length: 1000 }, (_, i) => 6 + i),
    );
    expect(buffer.depth).toBeLessThan(before - frameSamples);
  });

  test('a jump of the timestamps begins anew', () => {
    const buffer = new JitterBuffer();
    run(buffer, [0, 1, 2, 3]);
    expect(run(buffer, [5000, 5001, 5002]).slice(1)).toEqual([5000 & 0xff, 5001 & 0xff]);
  });

  test('any reordering within two frames is put right', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 20, maxLength: 60 }), (swaps) => {
        const buffer = new JitterBuffer();
        for (let i = 0; i < 3; i++) push(buffer, i);
        const heard: (number | string)[] = [];
        swaps.forEach((swap, index) => {
          const next = 3 + index * 2;
          for (const number of swap ? [next + 1, next] : [next, next + 1]) push(buffer, number);
          heard.push(pull(buffer), pull(buffer));
        });
        const numbers = heard.filter((entry) => typeof entry === 'number');
        expect(numbers).toEqual(numbers.map((_, i) => i & 0xff));
        expect(heard).not.toContain('lost');
      }),
    );
  });
});
