import { execFileSync } from 'node:child_process';
import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Capture } from '../../recordings/capture.ts';
import { keyId } from '../../recordings/keys.ts';
import { extentOf, openBlocks, openKey, Unopenable } from '../../recordings/reader/unseal.ts';
import type { SealedFor } from '../../recordings/seal.ts';
import { stereoTone } from './media-server.ts';

const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 3072 });
const key = createPublicKey(privateKey);
const publicKey = { id: keyId(key), key };
const about: SealedFor = {
  recordingId: '3f0c8c1e-0000-4000-8000-000000000001',
  callId: '3f0c8c1e-0000-4000-8000-000000000002',
  clinic: 'Test Clinic',
  startedAt: new Date('2026-11-22T10:00:00Z'),
  law: 'PCMU',
};
const blockFrame = 8008 + 32;

let folder: string;
let whole: Buffer;
let sealedKey: Buffer;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartline-seal-'));
  const path = join(folder, 'whole.sealed');
  const capture = await Capture.open(about, path, publicKey, () => {});
  for (let second = 0; second < 3; second += 1)
    capture.receive(stereoTone(440, 1000, second * 8000, 8000), second * 1000);
  await capture.close(3000);
  whole = await readFile(path);
  sealedKey = capture.sealedKey;
});
afterAll(() => rm(folder, { recursive: true }));

/** Blocks that open in a file of these bytes. */
async function blocksIn(bytes: Buffer, file = about): Promise<number> {
  const path = join(folder, 'copy.sealed');
  await writeFile(path, bytes);
  const { wrappingKey } = await openKey(sealedKey, about.recordingId, publicKey.id, privateKey);
  const { recordingId, callId } = file;
  let blocks = 0;
  for await (const { start } of openBlocks({ path, recordingId, callId }, await extentOf(path), wrappingKey)) {
    expect(start).toBe(blocks * 4000);
    blocks += 1;
  }
  return blocks;
}

test('it is one AWS Encryption SDK message of suite 0x0478, bound to its call', () => {
  expect([whole.readUInt8(0), whole.readUInt16BE(1)]).toEqual([2, 0x0478]);
  expect(sealedKey.readUInt16BE(1)).toBe(0x0478);
  const header = whole.toString('latin1', 0, 1000);
  for (const bound of [about.callId, about.recordingId, about.clinic, about.startedAt.toISOString(), 'PCMU/8000/2']) {
    expect(header).toContain(bound);
  }
});

test('a file cut off anywhere opens up to its last whole frame', async () => {
  const bodyStart = whole.length - 40 - 6 * blockFrame;
  expect(await blocksIn(whole)).toBe(6);
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: bodyStart, max: whole.length - 1 }), async (length) => {
      expect(await blocksIn(whole.subarray(0, length))).toBe(
        Math.min(6, Math.floor((length - bodyStart) / blockFrame)),
      );
    }),
    { numRuns: 25 },
  );
  await expect(blocksIn(whole.subarray(0, bodyStart - 1))).rejects.toThrow(Unopenable);
  await expect(blocksIn(Buffer.alloc(0))).rejects.toThrow(Unopenable);
});

test('one bit changed anywhere, and it does not open', async () => {
  await fc.assert(
    fc.asyncProperty(fc.integer({ min: 0, max: whole.length * 8 - 1 }), async (bit) => {
      const changed = Buffer.from(whole);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const opened = await blocksIn(changed).catch((error) => error);
      // A changed final mark looks like a file cut off before it: the six frames before are proved one by one.
      if (opened !== 6 || bit >> 3 < whole.length - 40) expect(opened).toBeInstanceOf(Unopenable);
    }),
    { numRuns: 60 },
  );
});

test('frames in another order, left out or repeated do not open', async () => {
  const bodyStart = whole.length - 40 - 6 * blockFrame;
  const frame = (index: number) => whole.subarray(bodyStart + index * blockFrame, bodyStart + (index + 1) * blockFrame);
  const head = whole.subarray(0, bodyStart);
  for (const order of [
    [1, 0, 2],
    [0, 2],
    [0, 0, 1],
  ]) {
    await expect(blocksIn(Buffer.concat([head, ...order.map(frame)]))).rejects.toThrow(Unopenable);
  }
});

test('audio or key of one recording does not open as another’s', async () => {
  await expect(blocksIn(whole, { ...about, callId: '3f0c8c1e-0000-4000-8000-00000000000f' })).rejects.toThrow(
    Unopenable,
  );
  const other = '3f0c8c1e-0000-4000-8000-00000000000e';
  await expect(openKey(sealedKey, other, publicKey.id, privateKey)).rejects.toThrow(Unopenable);
  const { privateKey: stranger } = generateKeyPairSync('rsa', { modulusLength: 3072 });
  await expect(openKey(sealedKey, about.recordingId, publicKey.id, stranger)).rejects.toThrow(Unopenable);
});

function frozenDiskPossible(): boolean {
  try {
    execFileSync('sh', ['-c', 'command -v fsfreeze mkfs.ext4 losetup && losetup -f'], { stdio: 'ignore' });
    return process.getuid?.() === 0;
  } catch {
    return false;
  }
}

(frozenDiskPossible() ? test : test.skip)(
  'a disk that hangs for seconds costs a marked gap, not memory and not the call',
  async () => {
    const image = join(folder, 'disk.img');
    const disk = join(folder, 'disk');
    execFileSync('sh', ['-c', `truncate -s 32M ${image} && mkfs.ext4 -q ${image} && mkdir ${disk}`]);
    execFileSync('mount', ['-o', 'loop', image, disk]);
    let frozen = false;
    try {
      let broken: Error | null = null;
      const capture = await Capture.open(about, join(disk, 'slow.sealed'), publicKey, (error) => {
        broken = error;
      });
      const talk = async (fromMs: number, toMs: number) => {
        for (let at = fromMs; at < toMs; at += 20) {
          capture.receive(stereoTone(440, 1000, at * 8, 160), at + 20);
          if (at % 500 === 0) await new Promise((resolve) => setTimeout(resolve, 10));
        }
      };
      await talk(0, 2000);
      execFileSync('fsfreeze', ['-f', disk]);
      frozen = true;
      await talk(2000, 12_000);
      execFileSync('fsfreeze', ['-u', disk]);
      frozen = false;
      await new Promise((resolve) => setTimeout(resolve, 300)); // the disk catches up
      await talk(12_000, 14_000);
      const captured = await capture.close(14_000);
      expect(broken).toBeNull();
      expect(captured.durationMs).toBe(14_000);
      expect(captured.gaps).toMatchObject([{ reason: 'overrun' }]);
      expect(captured.gaps[0]?.lengthMs).toBeGreaterThan(4000);
      expect(captured.gaps[0]?.lengthMs).toBeLessThan(7000);
      await writeFile(join(folder, 'copy.sealed'), await readFile(join(disk, 'slow.sealed')));
    } finally {
      if (frozen) execFileSync('fsfreeze', ['-u', disk]);
      execFileSync('umount', [disk]);
    }
  },
);
