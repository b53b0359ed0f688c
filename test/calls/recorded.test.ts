import { once } from 'node:events';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { sine } from '../../embedded/phone/tone.ts';
import { connectFreeswitch } from '../../media/freeswitch.ts';
import type { MediaEndpoint, MediaServer } from '../../media/ports.ts';
import { decodeG711, encodeG711, type Law } from '../../recordings/g711.ts';
import type { Recorder } from '../../recordings/recorder.ts';
import { connectDrachtio, type DrachtioSignaling } from '../../sip/drachtio.ts';
import type { Dialog } from '../../sip/ports.ts';
import { type RecordingClinic, startRecordingClinic } from '../recordings/clinic.ts';
import { share } from '../recordings/media-server.ts';
import { CuttableDatabase } from '../support/cuttable.ts';
import { freePort } from '../support/free-port.ts';
import { type Servers, startServers } from '../support/servers.ts';
import { placeTrunkCall, type TrunkCall } from '../support/sipp.ts';

/* SIPp's calls through the media server into the recorder and out of the reader; on the real servers when they are named. */

let clinic: RecordingClinic;
let recorder: Recorder;
let servers: Servers;
let signaling: DrachtioSignaling;
let media: MediaServer;
const calls: TrunkCall[] = [];

beforeAll(async () => {
  clinic = await startRecordingClinic();
  recorder = await clinic.recorder();
  servers = await startServers();
  const { settings } = servers;
  signaling = await connectDrachtio({
    host: '127.0.0.1',
    port: Number(settings.DRACHTIO_PORT),
    secret: String(settings.DRACHTIO_SECRET),
    onTrouble: (what, cause) => console.error(what, cause),
    onConnection: () => {},
  });
  media = await connectFreeswitch(signaling.srf, {
    host: '127.0.0.1',
    port: Number(settings.FREESWITCH_PORT),
    secret: String(settings.FREESWITCH_SECRET),
    listenHost: '127.0.0.1',
    listenPort: await freePort(),
    onConnection: () => {},
  });
}, 40_000);

afterEach(async () => {
  await Promise.all(calls.splice(0).map((call) => call.close()));
});

afterAll(async () => {
  await media?.close();
  await signaling?.close();
  await servers?.stop();
  await recorder?.close();
  await clinic?.close();
});

type Leg = { call: TrunkCall; endpoint: MediaEndpoint; dialog: Dialog; done: () => void };

async function answeredCall(from: string, law: Law): Promise<Leg> {
  const arriving = new Promise<Omit<Leg, 'call'>>((resolve, reject) => {
    signaling.onInvite(async (invite) => {
      const { promise, resolve: done } = Promise.withResolvers<void>();
      try {
        const endpoint = await media.createEndpoint(invite.offer);
        resolve({ endpoint, dialog: await invite.answer(endpoint.localSdp), done });
      } catch (error) {
        reject(error);
      }
      await promise;
    });
  });
  const call = await placeTrunkCall({ from, dialled: '+12025550100', to: servers.sip, laws: [law] });
  calls.push(call);
  const leg = await arriving;
  await call.answered();
  return { call, ...leg };
}

/** The caller talks at 700 Hz, the other party at 1100 Hz. */
async function conversation(law: Law): Promise<[Leg, Leg]> {
  const one = await answeredCall('+12025550143', law);
  const two = await answeredCall('+12025550127', law);
  await one.endpoint.bridge(two.endpoint);
  one.call.rtp.play(sine(700, 1000));
  two.call.rtp.play(sine(1100, 1000));
  const soon = AbortSignal.timeout(10_000);
  await Promise.all([one.call.rtp.hearsTone(1100, soon), two.call.rtp.hearsTone(700, soon)]);
  return [one, two];
}

async function endOf(other: Leg): Promise<void> {
  await other.dialog.bye();
  await other.endpoint.destroy();
  other.done();
}

async function pcmOf(id: string): Promise<Buffer> {
  const opened = await clinic.reader.open(id, { actor: 'dr-test', action: 'listen', reason: 'test' });
  if (opened.kind !== 'opened') throw new Error(JSON.stringify(opened));
  return Buffer.from(await (await clinic.reader.audio(opened.url)).arrayBuffer()).subarray(44);
}

const seconds = (pcm: Buffer, from: number, to: number) => pcm.subarray(from * 32_000, to * 32_000);
const delay = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test.each<Law>(['PCMU', 'PCMA'])(
  'a %s call: each party on its channel, the caller exactly as the wire had it',
  async (law) => {
    const [one, two] = await conversation(law);
    const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law });
    await one.endpoint.startFork(session.forkUrl, session.metadata);
    expect(await session.opened).toBe(true);
    await delay(3000); // what is to be heard
    const stopped = session.stop();
    await one.endpoint.stopFork();
    const result = await stopped;
    expect(result).toMatchObject({ state: 'sealed', gaps: [] });
    expect(session.lost.aborted).toBe(false);
    expect(result.durationMs).toBeGreaterThan(2500);
    const pcm = await pcmOf(session.id);
    expect([share(pcm, 0, 700), share(pcm, 1, 1100)].every((each) => each > 0.9)).toBe(true);
    expect(lastingMatch(pcm, law)).toBeGreaterThanOrEqual(8000);
    await one.dialog.bye();
    await one.endpoint.destroy();
    one.done();
    await endOf(two);
  },
  40_000,
);

/** Longest run of left samples that are those the caller's phone sent. */
function lastingMatch(pcm: Buffer, law: Law): number {
  const tone = sine(700, 1000);
  const codes = Buffer.alloc(tone.length);
  encodeG711(law, Buffer.from(tone.buffer), codes, 0);
  const sent = decodeG711(law, codes);
  let longest = 0;
  for (let phase = 0; phase < 80; phase += 1) {
    let run = 0;
    for (let index = 0; index < pcm.length / 4; index += 1) {
      run = pcm.readInt16LE(index * 4) === sent.readInt16LE(((index + phase) % tone.length) * 2) ? run + 1 : 0;
      longest = Math.max(longest, run);
    }
  }
  return longest;
}

test('a media socket cut during the call is noticed and restarted; the call and its other audio go on', async () => {
  const [one, two] = await conversation('PCMU');
  const session = recorder.open({ callId: await clinic.call(), startedAt: new Date(), law: 'PCMU' });
  const way = await CuttableDatabase.to(session.forkUrl);
  await one.endpoint.startFork(way.url, session.metadata);
  expect(await session.opened).toBe(true);
  await delay(1200);
  const lost = once(session.lost, 'abort');
  await way.cut();
  await lost;
  expect(session.lost.reason).toMatchObject({ kind: 'disconnected' });
  await one.endpoint.stopFork().catch(() => {}); // the module has closed it itself
  await delay(800);
  const segment = session.restart();
  await one.endpoint.startFork(segment.forkUrl, segment.metadata);
  expect(await segment.opened).toBe(true);
  await Promise.all([one.call.rtp.hearsTone(1100, AbortSignal.timeout(5000)), delay(1500)]);
  // The caller hangs up: the module closes the socket before anybody says stop.
  const ended = once(one.dialog.ended, 'abort');
  await one.call.hangUp();
  await ended;
  await one.endpoint.destroy();
  const result = await session.stop();
  expect(segment.lost.aborted).toBe(false);
  expect(result).toMatchObject({ state: 'sealed', gaps: [{ reason: 'disconnected' }] });
  const [gap] = result.gaps;
  expect(gap?.lengthMs).toBeGreaterThan(700);
  expect(gap?.lengthMs).toBeLessThan(2500);
  const pcm = await pcmOf(session.id);
  const after = ((gap?.atMs ?? 0) + (gap?.lengthMs ?? 0)) / 1000;
  expect(share(seconds(pcm, 0.1, 1), 1, 1100)).toBeGreaterThan(0.9);
  expect(share(seconds(pcm, after + 0.1, after + 1), 0, 700)).toBeGreaterThan(0.9);
  one.done();
  await endOf(two);
}, 40_000);
