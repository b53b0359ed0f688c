import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decodeTable, encodeTable, type Law, silenceByte, transcodeTable } from './g711.ts';

const laws: readonly Law[] = ['PCMU', 'PCMA'];

test('known codes of ITU-T G.711 decode to their values', () => {
  expect([0x00, 0x80, 0xff, 0x8f].map((code) => decodeTable.PCMU[code])).toEqual([-32124, 32124, 0, 16764]);
  expect([0xd5, 0x55, 0xaa, 0x2a].map((code) => decodeTable.PCMA[code])).toEqual([8, -8, 32256, -32256]);
});

test.each(laws)('%s: every code survives decoding and encoding', (law) => {
  for (let code = 0; code < 256; code++) {
    const sample = decodeTable[law][code] as number;
    const again = decodeTable[law][encodeTable[law][sample & 0xffff] as number];
    expect(again).toBe(sample);
  }
});

test.each(laws)('%s: a sample comes back within its quantising step', (law) => {
  fc.assert(
    fc.property(fc.integer({ min: -32_000, max: 32_000 }), (sample) => {
      const heard = decodeTable[law][encodeTable[law][sample & 0xffff] as number] as number;
      return Math.abs(heard - sample) <= Math.max(16, Math.abs(sample) / 16);
    }),
  );
});

test('silence is silent, and translating between the laws keeps the sign and the level', () => {
  for (const law of laws) expect(Math.abs(decodeTable[law][silenceByte[law]] as number)).toBeLessThanOrEqual(8);
  for (let code = 0; code < 256; code++) {
    const linear = decodeTable.PCMU[code] as number;
    const other = decodeTable.PCMA[transcodeTable.PCMU[code] as number] as number;
    expect(Math.abs(other - linear)).toBeLessThanOrEqual(Math.max(16, Math.abs(linear) / 16));
  }
});
