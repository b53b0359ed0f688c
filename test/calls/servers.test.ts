import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { WebSocketServer } from 'ws';
import { wavHeader } from '../../embedded/media/audio/wav.ts';
import type { PhoneDialog } from '../../embedded/phone/dialog.ts';
import { RtpPort } from '../../embedded/phone/rtp-port.ts';
import { answerSdp } from '../../embedded/phone/sdp.ts';
import { hasTone, sampleRate, sine } from '../../embedded/phone/tone.ts';
import { UserAgent } from '../../embedded/phone/user-agent.ts';
import { connectFreeswitch } from '../../media/freeswitch.ts';
import type { MediaServer } from '../../media/ports.ts';
import { type SipUri, toSipUri } from '../../sip/address.ts';
import { connectDrachtio, type DrachtioSignaling } from '../../sip/drachtio.ts';
import type { InboundInvite } from '../../sip/ports.ts';
import { freePort } from '../support/free-port.ts';
import { type Servers, startServers } from '../support/servers.ts';
import { placeTrunkCall, type TrunkCall } from '../support/sipp.ts';

/* What the call scripts ask of the signaling and media ports, on the servers themselves: embedded and real must agree. */

let servers: Servers;
let signaling: DrachtioSignaling;
let media: MediaServer;
let folder: string;
const calls: TrunkCall[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'chartline-prompts-'));
  await writeTone('long.wav', 440, 5_000);
  await writeTone('short.wav', 620, 400);
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
  await rm(folder, { recursive: true, force: true });
});

async function writeTone(name: string, hertz: number, milliseconds: number): Promise<void> {
  const samples = sine(hertz, milliseconds);
  const data = Buffer.from(samples.buffer);
  await writeFile(join(folder, name), Buffer.concat([wavHeader(sampleRate, 1, data.length), data]));
}

async function dial(options: Partial<Parameters<typeof placeTrunkCall>[0]> = {}): Promise<TrunkCall> {
  const call = await placeTrunkCall({ from: '+12025550143', dialled: '+12025550100', to: servers.sip, ...options });
  calls.push(call);
  return call;
}

/** The next INVITE; the handler stays until `done` is called. */
function nextInvite(): Promise<{ invite: InboundInvite; done: () => void }> {
  return new Promise((resolve) => {
    signaling.onInvite((invite) => {
      const { promise, resolve: done } = Promise.withResolvers<void>();
      resolve({ invite, done });
      return promise;
    });
  });
}

const soon = () => AbortSignal.timeout(10_000);

test.each(['PCMU', 'PCMA'] as const)('a %s caller hears a prompt and its key stops it', async (law) => {
  const arriving = nextInvite();
  const call = await dial({ laws: [law] });
  const { invite, done } = await arriving;
  invite.ring();
  await call.response((status) => status === 180);
  const endpoint = await media.createEndpoint(invite.offer);
  const dialog = await invite.answer(endpoint.localSdp);
  await call.answered();
  expect(call.rtp.remote?.law).toBe(law);

  const digits = endpoint.collect({
    prompts: [join(folder, 'long.wav')],
    minDigits: 1,
    maxDigits: 1,
    timeoutMs: 5_000,
    interDigitMs: 2_000,
    terminator: null,
  });
  await call.rtp.hearsTone(440, soon());
  call.rtp.press('2');
  expect(await digits).toBe('2');
  await call.rtp.hearsSilence(soon());

  await dialog.bye();
  await call.hungUpByClinic();
  await endpoint.destroy();
  done();
});

test('two parties are bridged, and the fork streams each on its own channel until the caller hangs up', async () => {
  const recorder = new WebSocketServer({
    port: 0,
    host: '127.0.0.1',
    handleProtocols: (offered) => [...offered][0] ?? false,
  });
  await once(recorder, 'listening');
  const chunks: Buffer[] = [];
  recorder.on('connection', (socket) => socket.on('message', (data, binary) => binary && chunks.push(data as Buffer)));

  const legs = [];
  for (const from of ['+12025550143', '+12025550127']) {
    const arriving = nextInvite();
    const call = await dial({ from });
    const { invite, done } = await arriving;
    const endpoint = await media.createEndpoint(invite.offer);
    const dialog = await invite.answer(endpoint.localSdp);
    await call.answered();
    legs.push({ call, endpoint, dialog, done });
  }
  const [one, two] = legs as [(typeof legs)[0], (typeof legs)[0]];
  const { port } = recorder.address() as AddressInfo;
  await one.endpoint.startFork(`ws://127.0.0.1:${port}/call`, { call: 'x' });
  await one.endpoint.bridge(two.endpoint);
  one.call.rtp.play(sine(700, 1000));
  two.call.rtp.play(sine(1100, 1000));
  await Promise.all([one.call.rtp.hearsTone(1100, soon()), two.call.rtp.hearsTone(700, soon())]);

  const { promise: heardBoth, resolve } = Promise.withResolvers<void>();
  const timer = setInterval(() => {
    const [left, right] = channels(chunks);
    if (hasTone(left.subarray(-2400), 700) && hasTone(right.subarray(-2400), 1100)) resolve();
  }, 50);
  await heardBoth.finally(() => clearInterval(timer));

  const ended = once(one.dialog.ended, 'abort');
  await one.call.hangUp();
  await ended;
  await one.endpoint.destroy();
  await two.dialog.bye();
  await two.call.hungUpByClinic();
  await two.endpoint.destroy();
  for (const leg of legs) leg.done();
  recorder.close();
});

test('a called phone whose SDP comes last is bridged to a caller, both hear each other', async () => {
  const phone = await UserAgent.open();
  const ear = await RtpPort.open();
  let answered: PhoneDialog | null = null;
  phone.onIncoming = (incoming) => {
    incoming.ring();
    ear.play(sine(900, 1000));
    if (!incoming.offer) return incoming.refuse(488, 'Not Acceptable Here');
    ear.talkTo(incoming.offer);
    answered = incoming.answer(answerSdp(ear.address, ear.port, incoming.offer));
    answered.onMedia = (remote) => ear.talkTo(remote);
  };
  const arriving = nextInvite();
  const call = await dial();
  const { invite, done } = await arriving;
  const one = await media.createEndpoint(invite.offer);
  const dialog = await invite.answer(one.localSdp);
  await call.answered();

  const two = await media.createEndpoint(null);
  // Rings for a while: meanwhile the endpoint, whose own SDP stands for the missing one, may hear nobody but itself.
  const { rtp } = call;
  const packets = rtp.packetsHeard + 40;
  while (rtp.packetsHeard < packets) await once(rtp, 'audio', { signal: soon() });
  const result = await signaling.invite({
    to: toSipUri(`sip:201@127.0.0.1:${phone.port}`) as SipUri,
    callerNumber: '+12025550143',
    callerName: null,
    sdp: two.localSdp,
    ringSeconds: 5,
    signal: soon(),
  });
  if (result.kind !== 'answered') throw new Error(result.kind);
  await two.modify(result.dialog.remoteSdp);
  await one.bridge(two);
  call.rtp.play(sine(700, 1000));
  await Promise.all([call.rtp.hearsTone(900, soon()), ear.hearsTone(700, soon())]);

  await result.dialog.bye();
  await dialog.bye();
  await call.hungUpByClinic();
  await Promise.all([one.destroy(), two.destroy()]);
  done();
  ear.close();
  await phone.close();
});

test('a caller who gives up while it rings aborts the invitation', async () => {
  const arriving = nextInvite();
  const call = await dial();
  const { invite, done } = await arriving;
  invite.ring();
  await call.response((status) => status === 180);
  const cancelled = once(invite.cancelled, 'abort');
  await call.hangUp();
  await cancelled;
  expect(await call.refused()).toBe(487);
  done();
});

test('a refusal reaches the caller with its status', async () => {
  const arriving = nextInvite();
  const call = await dial();
  const { invite, done } = await arriving;
  invite.reject(486);
  expect(await call.refused()).toBe(486);
  done();
});

function channels(chunks: readonly Buffer[]): [Int16Array, Int16Array] {
  const all = Buffer.concat(chunks);
  const frames = Math.floor(all.length / 4);
  const left = new Int16Array(frames);
  const right = new Int16Array(frames);
  for (let i = 0; i < frames; i++) {
    left[i] = all.readInt16LE(i * 4);
    right[i] = all.readInt16LE(i * 4 + 2);
  }
  return [left, right];
}
