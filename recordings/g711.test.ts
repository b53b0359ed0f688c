import { expect, test } from '@jest/globals';
import { decodeG711, encodeG711, type Law } from './g711.ts';

const laws: Law[] = ['PCMU', 'PCMA'];
const allCodes = Buffer.from(Array.from({ length: 256 }, (_, code) => code));

test.each(laws)('%s: encoding what a decoder made gives the same audio back, for every code', (law) => {
  const pcm = decodeG711(law, allCodes);
  const codes = Buffer.alloc(256);
  encodeG711(law, pcm, codes, 0);
  expect(decodeG711(law, codes)).toEqual(pcm);
  // µ-law has two zeros; every other code comes back itself.
  const changed = [...codes].filter((code, index) => code !== index);
  expect(changed).toHaveLength(law === 'PCMU' ? 1 : 0);
});

test('decoded values are those of the tables of ITU-T G.711', () => {
  const mu = decodeG711('PCMU', Buffer.from([0x00, 0x7f, 0x80, 0xff, 0xd5]));
  expect([0, 1, 2, 3].map((index) => mu.readInt16LE(index * 2))).toEqual([-32124, 0, 32124, 0]);
  const a = decodeG711('PCMA', Buffer.from([0x2a, 0xaa, 0xd5, 0x55]));
  expect([0, 1, 2, 3].map((index) => a.readInt16LE(index * 2))).toEqual([-32256, 32256, 8, -8]);
});

test.each(laws)('%s: any sample comes back within half a quantization step', (law) => {
  for (let sample = -32768; sample <= 32767; sample += 7) {
    const pcm = Buffer.alloc(2);
    pcm.writeInt16LE(sample);
    const code = Buffer.alloc(1);
    encodeG711(law, pcm, code, 0);
    const back = decodeG711(law, code).readInt16LE(0);
    const step = Math.max(law === 'PCMU' ? 8 : 16, 2 ** (Math.floor(Math.log2(Math.abs(sample) + 133)) - 4));
    expect(Math.abs(back - sample)).toBeLessThanOrEqual(Math.abs(sample) > 32124 ? 644 : step / 2 + 1);
  }
});
