import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import type { SignalingEngine } from '../../embedded/signaling/engine.ts';
import { FakeTimers } from '../../embedded/sip/fake-transport.ts';
import {
  type AnySrf,
  bodyOf,
  connectApp,
  event,
  headerOf,
  id,
  newBranch,
  request,
  response,
  sdp,
  seen,
  startEmbedded,
  type TestApp,
  tagOf,
  UdpPeer,
} from './signaling-support.ts';

/* RFC 4028 and other long waits, with real sockets and a clock that is moved by hand. */

let timers: FakeTimers;
let engine: SignalingEngine;
let peer: UdpPeer;
let app: TestApp;

beforeEach(async () => {
  timers = new FakeTimers();
  // The refresh is due at half the interval, give or take some seconds; here exactly.
  jest.spyOn(Math, 'random').mockReturnValue(0.5);
  engine = await startEmbedded({ timers });
  peer = await UdpPeer.open(engine);
});
afterEach(async () => {
  jest.restoreAllMocks();
  app.close();
  await peer.close();
  await engine.stop();
});

/** A call from the peer, answered by the application. */
async function answered(sessionExpires: string) {
  const dialog = seen<AnySrf>();
  app = await connectApp(engine, (srf) =>
    srf.invite(async (req: AnySrf, res: AnySrf) =>
      dialog.resolve(await srf.createUAS(req, res, { localSdp: sdp(30000) })),
    ),
  );
  const callId = id();
  const fromTag = id();
  const make = (method: string, cseq: number, toTag?: string, more: object = {}) =>
    request(peer.port, {
      method,
      uri: `sip:bob@127.0.0.1:${engine.sipPort}`,
      callId,
      fromTag,
      cseq,
      branch: newBranch(),
      ...(toTag === undefined ? {} : { toTag }),
      ...more,
    });
  peer.send(make('INVITE', 1, undefined, { body: sdp(), headers: [`Session-Expires: ${sessionExpires}`] }));
  const ok = await peer.next(/^SIP\/2\.0 200 /);
  const toTag = tagOf(ok, 'To') as string;
  peer.send(make('ACK', 1, toTag));
  const uas = await dialog.promise;
  await event(uas, 'ack');
  return { ok, toTag, make, dialog: uas };
}

test('a session that its peer does not refresh ends', async () => {
  const { ok, dialog } = await answered('1800;refresher=uac');
  expect(headerOf(ok, 'Session-Expires')).toBe('1800;refresher=uac');
  const destroyed = event(dialog, 'destroy');
  timers.pass(1_799_000);
  expect(peer.rest.filter((line) => line.startsWith('BYE'))).toEqual([]);
  timers.pass(2_000);
  const bye = await peer.next(/^BYE /);
  expect(headerOf(bye, 'Reason')).toBe('SIP;cause=200;text="Session timer expired"');
  peer.send(response(bye, 200, 'OK'));
  await destroyed;
});

test('an UPDATE of the peer keeps it', async () => {
  const { toTag, make } = await answered('1800;refresher=uac');
  timers.pass(1_700_000);
  peer.send(make('UPDATE', 2, toTag, { headers: ['Session-Expires: 1800;refresher=uac'] }));
  await peer.next(/CSeq: 2 UPDATE/);
  timers.pass(1_700_000);
  peer.send(make('INFO', 3, toTag));
  expect(await peer.next(/CSeq: 3 INFO/)).toMatch(/^SIP\/2\.0 200 /);
});

test('where we are the refresher, a re-INVITE with the last SDP goes out that the application never sees', async () => {
  const { dialog } = await answered('1800;refresher=uas');
  dialog.on('modify', () => {
    throw new Error('the application saw the refresh');
  });
  for (let round = 0; round < 3; round++) {
    timers.pass(900_000);
    const invite = await peer.next(/^INVITE /);
    expect(bodyOf(invite)).toBe(sdp(30000));
    expect(headerOf(invite, 'Session-Expires')).toBe('1800;refresher=uac');
    peer.send(response(invite, 200, 'OK', { body: sdp(), headers: ['Session-Expires: 1800;refresher=uac'] }));
    await peer.next(/^ACK /);
  }
});

test('a refresh that is refused ends the session', async () => {
  const { dialog } = await answered('1800;refresher=uas');
  const destroyed = event(dialog, 'destroy');
  timers.pass(900_000);
  const invite = await peer.next(/^INVITE /);
  peer.send(response(invite, 481, 'Call/Transaction Does Not Exist'));
  await peer.next(/^BYE /);
  await destroyed;
});

test('a caller whose INVITE an application has forgotten hears 408 after 64 s', async () => {
  const got = seen<void>();
  app = await connectApp(engine, (srf) => srf.invite(() => got.resolve()));
  peer.send(
    request(peer.port, {
      method: 'INVITE',
      uri: `sip:bob@127.0.0.1:${engine.sipPort}`,
      callId: id(),
      cseq: 1,
      fromTag: id(),
      body: sdp(),
    }),
  );
  await got.promise;
  timers.pass(64_000);
  await peer.next(/^SIP\/2\.0 408 /);
  expect(engine.counts().pending).toBe(0);
});

test('a subscription that nobody renews is forgotten', async () => {
  const accepted = seen<AnySrf>();
  app = await connectApp(engine, (srf) =>
    srf.subscribe(async (req: AnySrf, res: AnySrf) =>
      accepted.resolve(await srf.createUAS(req, res, { headers: { expires: 300 } })),
    ),
  );
  peer.send(
    request(peer.port, {
      method: 'SUBSCRIBE',
      uri: `sip:bob@127.0.0.1:${engine.sipPort}`,
      callId: id(),
      cseq: 1,
      fromTag: id(),
      headers: ['Event: dialog', 'Expires: 300'],
    }),
  );
  await peer.next(/^SIP\/2\.0 202 /);
  await accepted.promise;
  expect(engine.counts().dialogs).toBe(1);
  timers.pass(500_000);
  expect(engine.counts().dialogs).toBe(0);
});
