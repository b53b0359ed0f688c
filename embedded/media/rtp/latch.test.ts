import { expect, test } from '@jest/globals';
import { Latch } from './latch.ts';

function expecting(): Latch {
  const latch = new Latch();
  latch.expect('192.0.2.1', 4000);
  return latch;
}

test('the address of the SDP is taken from the first packet on, and then nobody else', () => {
  const latch = expecting();
  expect(latch.accept('192.0.2.1', 4000, 1)).toBe(true);
  for (let i = 0; i < 20; i++) expect(latch.accept('198.51.100.9', 5000, 2)).toBe(false);
  expect([latch.host, latch.port, latch.refused]).toEqual(['192.0.2.1', 4000, 20]);
});

test('another address is taken after four packets of one stream while the SDP is silent, once', () => {
  const latch = expecting();
  const answers = Array.from({ length: 5 }, () => latch.accept('198.51.100.9', 5000, 2));
  expect(answers).toEqual([false, false, false, true, true]);
  for (let i = 0; i < 20; i++) expect(latch.accept('203.0.113.7', 6000, 3)).toBe(false);
  expect(latch.port).toBe(5000);
});

test('many strangers who take turns never latch', () => {
  const latch = expecting();
  for (let i = 0; i < 100; i++) expect(latch.accept('198.51.100.9', 5000 + (i % 3), 2)).toBe(false);
});

test('the address of the SDP wins over one that came first', () => {
  const latch = expecting();
  for (let i = 0; i < 5; i++) latch.accept('198.51.100.9', 5000, 2);
  expect(latch.accept('192.0.2.1', 4000, 1)).toBe(true);
  expect(latch.accept('198.51.100.9', 5000, 2)).toBe(false);
});

test('a new address in a new offer begins anew, the same one keeps what was learned', () => {
  const latch = expecting();
  for (let i = 0; i < 5; i++) latch.accept('198.51.100.9', 5000, 2);
  latch.expect('192.0.2.1', 4000);
  expect(latch.port).toBe(5000);
  latch.expect('192.0.2.1', 4002);
  expect([latch.port, latch.state]).toEqual([4002, 'no']);
});
