/* Conferences through drachtio-fsmrf: everybody hears the others and not themselves; mute, kick, the end. */
import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { level, type Rig, RtpPeer, startRig, toneShare, type Untyped } from './media-support.ts';

let rig: Rig;
const peers: RtpPeer[] = [];

beforeAll(async () => {
  rig = await startRig();
});
afterEach(async () => {
  const left = await rig.ms.api('show channels');
  for (const [uuid] of left.matchAll(/^[0-9a-f-]{36}/gm)) await rig.ms.api(`uuid_kill ${uuid}`);
  await Promise.all(peers.splice(0).map((peer) => peer.close()));
});
afterAll(async () => {
  await rig.stop();
});

async function party(frequency: number): Promise<{ peer: RtpPeer; ep: Untyped }> {
  const peer = await RtpPeer.open();
  peers.push(peer);
  const ep = await rig.ms.createEndpoint({ remoteSdp: peer.sdp() });
  peer.startTone(ep.local.sdp, frequency);
  return { peer, ep };
}

/** Resolves when of these tones exactly `wanted` are in what was heard in the last 400 ms. */
function hearsOnly(peer: RtpPeer, wanted: readonly number[], of: readonly number[]): Promise<void> {
  return peer.until((packets) => {
    if (packets.length < 30) return false;
    const recent = peer.heard(packets.length - 20);
    const heard = of.filter((frequency) => level(recent) > 50 && toneShare(recent, frequency) > 0.2);
    return heard.join() === wanted.join();
  }, `only ${wanted.join()} Hz`);
}

test('three parties hear each other and not themselves; mute silences one, kick releases one', async () => {
  const tones = [500, 900, 1500];
  const conference = await rig.ms.createConference('ward', { maxMembers: 10 });
  const [a, b, c] = [await party(500), await party(900), await party(1500)];
  for (const { ep } of [a, b, c]) await ep.join(conference);
  await Promise.all([
    hearsOnly(a.peer, [900, 1500], tones),
    hearsOnly(b.peer, [500, 1500], tones),
    hearsOnly(c.peer, [500, 900], tones),
  ]);
  expect(await rig.ms.api('conference ward list count')).toBe('4');
  await a.ep.confMute();
  await hearsOnly(c.peer, [900], tones);
  await a.ep.confUnmute();
  await hearsOnly(c.peer, [500, 900], tones);
  await b.ep.confKick();
  await hearsOnly(c.peer, [500], tones);
  await hearsOnly(b.peer, [], tones);
  await Promise.all([b.peer.hears(700), b.ep.play('tone_stream://%(500,0,700)')]);
  await conference.destroy();
  await hearsOnly(c.peer, [], tones);
  expect(await rig.ms.api('conference ward list count')).toBe('-ERR Conference ward not found\n');
});

test('the conference is told of its members; a full one refuses', async () => {
  const conference = await rig.ms.createConference('full', { maxMembers: 2 });
  const a = await party(500);
  const seen: string[] = [];
  conference.endpoint.conn.on('esl::event::CUSTOM::*', (event: Untyped) => seen.push(event.getHeader('Action')));
  await a.ep.join('full');
  const refused = await party(900);
  const gone = once(refused.ep, 'destroy');
  refused.ep.join('full');
  await gone;
  await a.ep.destroy();
  await rig.ms.api('status');
  expect(seen).toContain('add-member');
  expect(seen).toContain('del-member');
  await conference.destroy();
});
