import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { wavHeader } from '../../embedded/media/audio/wav.ts';
import { hasTone, type Rig, RtpPeer, startRig, type Untyped } from './media-support.ts';

let rig: Rig;
let folder: string;
const peers: RtpPeer[] = [];

beforeAll(async () => {
  rig = await startRig();
  folder = await mkdtemp(join(tmpdir(), 'media-'));
});
afterEach(async () => {
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
});
afterAll(async () => {
  await rig.stop();
  await rm(folder, { recursive: true });
});

async function openPeer(law: 'PCMU' | 'PCMA' = 'PCMU'): Promise<RtpPeer> {
  const peer = await RtpPeer.open(law);
  peers.push(peer);
  return peer;
}

async function openEndpoint(law: 'PCMU' | 'PCMA' = 'PCMU'): Promise<{ peer: RtpPeer; ep: Untyped }> {
  const peer = await openPeer(law);
  const ep = await rig.ms.createEndpoint({ remoteSdp: peer.sdp() });
  return { peer, ep };
}

/** A WAV of `seconds` of a tone. */
async function writeTone(name: string, frequency: number, seconds: number, rate = 8000, channels = 1): Promise<string> {
  const samples = Math.round(seconds * rate);
  const data = Buffer.alloc(samples * channels * 2);
  for (let i = 0; i < samples; i++) {
    const value = Math.round(8000 * Math.sin((2 * Math.PI * frequency * i) / rate));
    for (let channel = 0; channel < channels; channel++) data.writeInt16LE(value, (i * channels + channel) * 2);
  }
  const path = join(folder, name);
  await writeFile(path, Buffer.concat([wavHeader(rate, channels, data.length), data]));
  return path;
}

test('an endpoint answers an offer with PCMU, telephone-event and silence at once', async () => {
  const { peer, ep } = await openEndpoint();
  expect(ep.local.sdp).toMatch(/m=audio \d+ RTP\/AVP 0 101\r\n/);
  expect(ep.dtmfType).toBe('rfc2833');
  expect(ep.remote.mediaPort).toBe(String(peer.port));
  await peer.until((packets) => packets.length >= 10, 'ten packets of silence');
  expect(peer.packets[0]?.marker).toBe(true);
  const [first, , , fourth] = peer.packets;
  expect(fourth?.sequence).toBe(((first?.sequence ?? 0) + 3) & 0xffff);
  expect(fourth?.timestamp).toBe(((first?.timestamp ?? 0) + 480) >>> 0);
  await ep.destroy();
});

test.each([
  ['8 kHz mono', 8000, 1],
  ['16 kHz mono', 16_000, 1],
  ['44.1 kHz stereo', 44_100, 2],
])('a WAV of %s is heard as the tone that it is', async (_name, rate, channels) => {
  const { peer, ep } = await openEndpoint();
  const file = await writeTone(`tone-${rate}-${channels}.wav`, 440, 1, rate, channels);
  const result = await ep.play(file);
  expect(Number(result.playbackMilliseconds)).toBe(1000);
  expect(result.playbackLastOffsetPos).toBe('8000');
  const loud = peer.packets.filter(({ payload }) => hasTone(peer.decode(payload), 440));
  expect(loud.length).toBeGreaterThanOrEqual(49);
  expect(loud.length).toBeLessThanOrEqual(51);
  await ep.destroy();
});
