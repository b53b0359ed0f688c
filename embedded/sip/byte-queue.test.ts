import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { ByteQueue } from './byte-queue.ts';

test('gives back the bytes it got, whatever the pieces', () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ maxLength: 3000 }), { maxLength: 30 }),
      fc.array(fc.nat(4000)),
      (pieces, takes) => {
        const queue = new ByteQueue();
        const all = Buffer.concat(pieces).toString('latin1');
        let out = '';
        pieces.forEach((piece, i) => {
          queue.push(Buffer.from(piece));
          out += queue.shift(Math.min(takes[i] ?? 0, queue.length));
        });
        expect(queue.peek(0, queue.length)).toBe(all.slice(out.length));
        expect(out + queue.shift(queue.length)).toBe(all);
        expect(queue.length).toBe(0);
      },
    ),
  );
});

test('finds text across pieces, from an offset', () => {
  const queue = new ByteQueue();
  for (const piece of ['xx', 'ab', '\r\n', '\r', '\ncd\r\n\r\n']) queue.push(Buffer.from(piece));
  queue.shift(2);
  expect(queue.indexOf('\r\n\r\n')).toBe(2);
  expect(queue.indexOf('\r\n\r\n', 3)).toBe(8);
  expect(queue.indexOf('zz')).toBe(-1);
});
