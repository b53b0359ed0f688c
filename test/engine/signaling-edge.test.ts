import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { SignalingEngine } from '../../embedded/signaling/engine.ts';
import type { SipUri } from '../../sip/address.ts';
import {
  AdminSocket,
  type AnySrf,
  bodyOf,
  connectApp,
  countOf,
  headerOf,
  id,
  newBranch,
  request,
  response,
  sdp,
  seen,
  startEmbedded,
  tagOf,
  UdpPeer,
} from './signaling-support.ts';

/* A new call that no application takes: design.md §7. Not the real server's behaviour: in production Kamailio does it. */

const appMs = 150;
let engine: SignalingEngine;
let caller: UdpPeer;
let fallback: UdpPeer;
const closing: { close(): unknown }[] = [];

beforeEach(async () => {
  fallback = await UdpPeer.open({ sipPort: 0 });
  engine = await startEmbedded({ defaultDestination: fallback.uri as SipUri, appMs });
  fallback.enginePort = engine.sipPort;
  caller = await UdpPeer.open(engine);
});
afterEach(async () => {
  for (const one of closing.splice(0)) void one.close();
  void caller.close();
  void fallback.close();
  await engine.stop();
});

function call() {
  const callId = id();
  const fromTag = id();
  const branch = newBranch();
  const make = (method: string, cseq: number, toTag?: string, more: object = {}) =>
    request(caller.port, {
      method,
      uri: `sip:bob@127.0.0.1:${engine.sipPort}`,
      callId,
      fromTag,
      cseq,
      ...(toTag === undefined ? {} : { toTag }),
      ...(method === 'INVITE' && toTag === undefined ? { branch, body: sdp() } : {}),
      ...more,
    });
  return { callId, fromTag, branch, make };
}

/** The default destination answers what it was given; the caller's view of it. */
async function takenByFallback(from: ReturnType<typeof call>) {
  const invite = await fallback.next(/^INVITE /);
  fallback.send(response(invite, 180, 'Ringing', { tag: 'fb' }));
  expect(tagOf(await caller.next(/^SIP\/2\.0 180 /), 'To')).toBe('fb');
  fallback.send(response(invite, 200, 'OK', { tag: 'fb', body: sdp(42000), headers: [`Contact: <${fallback.uri}>`] }));
  const ok = await caller.next(/^SIP\/2\.0 200 /);
  const route = headerOf(ok, 'Record-Route') as string;
  caller.send(from.make('ACK', 1, 'fb', { uri: fallback.uri, headers: [`Route: ${route}`] }));
  const ack = await fallback.next(/^ACK /);
  return { invite, ok, route, ack };
}

test('without an application it goes to the default destination, and BYE by the caller ends it', async () => {
  const from = call();
  caller.send(from.make('INVITE', 1));
  const { invite, ok, route, ack } = await takenByFallback(from);
  expect(invite.split('\r\n')[0]).toBe(`INVITE ${fallback.uri} SIP/2.0`);
  expect([countOf(invite, 'Via'), countOf(ok, 'Via'), countOf(ack, 'Route')]).toEqual([2, 1, 0]);
  expect(headerOf(invite, 'Max-Forwards')).toBe('69');
  expect([bodyOf(invite), bodyOf(ok)]).toEqual([sdp(), sdp(42000)]);
  caller.send(from.make('BYE', 2, 'fb', { uri: fallback.uri, headers: [`Route: ${route}`] }));
  const bye = await fallback.next(/^BYE /);
  expect(bye.split('\r\n')[0]).toBe(`BYE ${fallback.uri} SIP/2.0`);
  fallback.send(response(bye, 200, 'OK'));
  await caller.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 2 BYE/);
  // It is over: the next one belongs to nothing.
  caller.send(from.make('BYE', 3, 'fb', { headers: [`Route: <sip:192.0.2.1;lr>`] }));
  expect(await caller.next(/CSeq: 3 BYE/)).toMatch(/^SIP\/2\.0 481 /);
});

test('BYE by the default destination ends it too', async () => {
  const from = call();
  caller.send(from.make('INVITE', 1));
  await takenByFallback(from);
  const bye = request(fallback.port, {
    method: 'BYE',
    uri: caller.uri,
    callId: from.callId,
    cseq: 1,
    fromTag: 'fb',
    toTag: from.fromTag,
    headers: [`Route: <sip:127.0.0.1:${engine.sipPort};lr>`],
  });
  fallback.send(bye);
  const got = await caller.next(/^BYE /);
  caller.send(response(got, 200, 'OK'));
  expect(countOf(await fallback.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 1 BYE/), 'Via')).toBe(1);
});

test('an application that hangs loses the call: it hears CANCEL, and its late answer is refused', async () => {
  const invited = seen<{ req: AnySrf; res: AnySrf; cancelled: Promise<void> }>();
  closing.push(
    await connectApp(engine, (srf) =>
      srf.invite((req: AnySrf, res: AnySrf) => {
        const cancelled = new Promise<void>((resolve) => req.on('cancel', () => resolve()));
        invited.resolve({ req, res, cancelled });
      }),
    ),
  );
  const from = call();
  caller.send(from.make('INVITE', 1));
  const { res, cancelled } = await invited.promise;
  await takenByFallback(from);
  await cancelled;
  const error = await new Promise((resolve) => res.send(200, { body: sdp() }, resolve));
  expect(error).toBe('Response not sent due to unknown transaction');
});

test('an application that rings in time keeps the call', async () => {
  const invited = seen<AnySrf>();
  closing.push(
    await connectApp(engine, (srf) =>
      srf.invite((_req: AnySrf, res: AnySrf) => {
        res.send(180);
        invited.resolve(res);
      }),
    ),
  );
  caller.send(call().make('INVITE', 1));
  await caller.next(/^SIP\/2\.0 180 /);
  const res = await invited.promise;
  // Well past the deadline: a second call, which nobody rings, has been given away by then.
  closing.push(await connectApp(engine, () => {}));
  await expect(fallback.next(/^INVITE /, 2 * appMs)).rejects.toThrow();
  res.send(486);
  await caller.next(/^SIP\/2\.0 486 /);
});

test('an application that dies before it rang loses the call at once', async () => {
  const socket = await AdminSocket.open(engine);
  await socket.ask('a', 'authenticate|cymru|');
  await socket.ask('r', 'route|invite');
  const from = call();
  caller.send(from.make('INVITE', 1));
  await socket.next(/INVITE sip:bob/);
  socket.close();
  await takenByFallback(from);
});

test('CANCEL follows the call to where it went', async () => {
  const from = call();
  caller.send(from.make('INVITE', 1));
  const invite = await fallback.next(/^INVITE /);
  fallback.send(response(invite, 180, 'Ringing', { tag: 'fb' }));
  await caller.next(/^SIP\/2\.0 180 /);
  caller.send(from.make('CANCEL', 1, undefined, { branch: from.branch }));
  await caller.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 1 CANCEL/);
  const cancel = await fallback.next(/^CANCEL /);
  fallback.send(response(cancel, 200, 'OK', { tag: 'fb' }));
  fallback.send(response(invite, 487, 'Request Terminated', { tag: 'fb' }));
  await caller.next(/^SIP\/2\.0 487 /);
  await fallback.next(/^ACK /);
});

test('its refusal is the call’s, and the caller’s ACK stays here', async () => {
  const from = call();
  caller.send(from.make('INVITE', 1));
  const invite = await fallback.next(/^INVITE /);
  fallback.send(response(invite, 486, 'Busy Here', { tag: 'fb' }));
  await fallback.next(/^ACK /);
  const busy = await caller.next(/^SIP\/2\.0 486 /);
  caller.send(from.make('ACK', 1, tagOf(busy, 'To'), { branch: from.branch }));
  caller.send(from.make('OPTIONS', 1));
  await caller.next(/^SIP\/2\.0 503 /);
  expect(fallback.rest).toEqual([]);
});

test('911 of a registered phone goes to the emergency trunk when the application hangs, or is not there', async () => {
  await engine.stop();
  const trunk = await UdpPeer.open({ sipPort: 0 });
  closing.push(trunk);
  engine = await startEmbedded({
    defaultDestination: fallback.uri as SipUri,
    appMs: 60_000,
    emergency: { numbers: ['911', '933'], destination: `sip:127.0.0.1:${trunk.port}` as SipUri, appMs },
  });
  for (const one of [caller, fallback, trunk]) one.enginePort = engine.sipPort;
  const app = await connectApp(engine, (srf) => {
    srf.invite(() => {}); // hangs
    srf.register((req: AnySrf, res: AnySrf) =>
      res.send(200, { headers: { Contact: `${req.get('contact')};expires=600` } }),
    );
  });
  caller.send(call().make('REGISTER', 1));
  await caller.next(/^SIP\/2\.0 200 /);
  const dial = (number: string) =>
    caller.send(call().make('INVITE', 1, undefined, { uri: `sip:${number}@127.0.0.1:${engine.sipPort}` }));
  dial('911');
  const first = await trunk.next(/^INVITE /);
  expect(first.split('\r\n')[0]).toBe(`INVITE sip:911@127.0.0.1:${trunk.port} SIP/2.0`);
  trunk.send(response(first, 486, 'Busy Here'));
  await caller.next(/^SIP\/2\.0 486 /);
  app.close();
  dial('933');
  const second = await trunk.next(/^INVITE sip:933@/);
  trunk.send(response(second, 486, 'Busy Here'));
  dial('200');
  const other = await fallback.next(/^INVITE /);
  fallback.send(response(other, 486, 'Busy Here'));
  // A stranger's 911 is nobody's phone call: it goes where all strangers' calls go.
  const stranger = await UdpPeer.open(engine);
  closing.push(stranger);
  stranger.send(
    request(stranger.port, {
      method: 'INVITE',
      uri: `sip:911@127.0.0.1:${engine.sipPort}`,
      callId: id(),
      cseq: 1,
      fromTag: id(),
      body: sdp(),
    }),
  );
  const strange = await fallback.next(/^INVITE /);
  fallback.send(response(strange, 486, 'Busy Here'));
  expect(trunk.rest.filter((line) => line.startsWith('INVITE'))).toEqual([]);
});

test('without a default destination the call is refused, with a time to try again', async () => {
  await engine.stop();
  engine = await startEmbedded();
  caller.enginePort = engine.sipPort;
  const socket = await AdminSocket.open(engine);
  await socket.ask('a', 'authenticate|cymru|');
  await socket.ask('r', 'route|invite');
  caller.send(call().make('INVITE', 1));
  await socket.next(/INVITE sip:bob/);
  socket.close();
  expect(headerOf(await caller.next(/^SIP\/2\.0 503 /), 'Retry-After')).toBe('5');
});
