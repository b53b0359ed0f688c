import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import Srf from 'drachtio-srf';
import type { SignalingEngine } from '../../embedded/signaling/engine.ts';
import {
  AdminSocket,
  type AnySrf,
  connectApp,
  embeddedOnly,
  event,
  id,
  newBranch,
  realServer,
  request,
  sdp,
  startEngine,
  type TestApp,
  UdpPeer,
} from './signaling-support.ts';

/* The admin port: frames, authentication, routing of new requests; after transcripts drachtio-01 to -04, -33, -37. */

let engine: SignalingEngine;
const closing: { close(): unknown }[] = [];

beforeEach(async () => {
  engine = await startEngine();
});
afterEach(async () => {
  for (const one of closing.splice(0)) void one.close();
  await engine.stop();
});

async function admin(): Promise<AdminSocket> {
  const socket = await AdminSocket.open(engine);
  closing.push(socket);
  return socket;
}
async function authenticated(): Promise<AdminSocket> {
  const socket = await admin();
  expect(await socket.ask('a', 'authenticate|cymru|')).toContain('|OK|');
  return socket;
}

describe('authenticate', () => {
  test('01: names the listeners, a version that drachtio-srf can compare, and answers pings', async () => {
    const srf: AnySrf = new (Srf as AnySrf)();
    const connected = new Promise<AnySrf[]>((resolve) => srf.on('connect', (...args: AnySrf[]) => resolve(args)));
    srf.connect({ host: '127.0.0.1', port: engine.adminPort, secret: 'cymru', tags: ['a', 'b'], enablePing: true });
    const [error, hostport, version, local] = await connected;
    expect(error).toBeNull();
    expect(String(hostport).split(',').sort()).toEqual([
      `tcp/127.0.0.1:${engine.sipPort}`,
      `udp/127.0.0.1:${engine.sipPort}`,
    ]);
    expect(local).toBe(hostport);
    expect(version).toMatch(/^v\d+\.\d+\.\d+/);
    srf.disconnect();
    const socket = await authenticated();
    expect(await socket.ask('p', 'ping')).toMatch(/\|response\|p\|OK\|pong$/);
  });

  test('02: a wrong secret is refused and the connection closed', async () => {
    const socket = await admin();
    expect(await socket.ask('a', 'authenticate|wrong|')).toMatch(/\|NO\|incorrect secret$/);
    await socket.closed;
  });

  embeddedOnly('nothing is obeyed before it', async () => {
    for (const rest of ['route|invite', 'ping', 'sip||\r\nOPTIONS sip:x@127.0.0.2 SIP/2.0\r\n\r\n']) {
      const socket = await admin();
      expect(await socket.ask('x', rest)).toMatch(/\|NO\|not authenticated$/);
      await socket.closed;
    }
  });
});

describe('frames', () => {
  embeddedOnly('03: garbage, a length of six digits and a length of nothing close the connection', async () => {
    for (const bytes of ['hello', '000012#abc', '#abc', '0#', '-1#x', '12 #x']) {
      const socket = await admin();
      socket.raw(bytes);
      await socket.closed;
    }
  });

  embeddedOnly('37: split anywhere, back to back, and larger than the real server takes', async () => {
    const socket = await authenticated();
    const bytes = '6#b|ping6#c|ping';
    for (const byte of bytes) socket.raw(byte);
    await socket.next(/\|response\|b\|OK\|pong/);
    await socket.next(/\|response\|c\|OK\|pong/);
    const peer = await UdpPeer.open(engine);
    closing.push(peer);
    const body = 'x'.repeat(40_000);
    socket.frame(`big|sip||\r\nMESSAGE ${peer.uri} SIP/2.0\r\nContent-Type: text/plain\r\n\r\n${body}`);
    expect((await peer.next(/^MESSAGE /)).endsWith(`\r\n\r\n${body}`)).toBe(true);
    expect(await socket.ask('d', 'ping')).toContain('OK|pong');
  });

  test('03: each refusal has its text', async () => {
    const socket = await authenticated();
    const sip = (text: string, ids = '|') => `sip|${ids}\r\n${text}\r\n\r\n`;
    const ask = (rest: string) => socket.ask(id(), rest);
    expect(await ask(sip('SIP/2.0 200 OK\r\nVia: x', '11111111-1111-4111-8111-111111111111|'))).toMatch(
      /\|NOK\|Response not sent due to unknown transaction$/,
    );
    expect(await ask(sip('SIP/2.0 200 OK\r\nCSeq: 1 CANCEL', 'nope|'))).toMatch(
      /\|NOK\|200 OK to incoming CANCEL is automatically/,
    );
    expect(await ask(sip('BYE sip:placeholder SIP/2.0', '|nope'))).toMatch(
      /\|NOK\|Server error: unable to find dialog for dialog id provided$/,
    );
    expect(await ask(sip('ACK sip:placeholder SIP/2.0', '|nope'))).toMatch(
      /\|NOK\|Server error: ACK for non-success final response is automatically/,
    );
    expect(await ask(sip('CANCEL sip:x@127.0.0.2 SIP/2.0', 'nope|'))).toMatch(
      /\|NOK\|unable to cancel unknown transaction id: nope$/,
    );
    expect(await ask(sip(`OPTIONS sip:x@127.0.0.1:${engine.sipPort} SIP/2.0`))).toMatch(
      /\|NOK\|can not send request to myself$/,
    );
    expect(await ask(sip('OPTIONS foo SIP/2.0'))).toMatch(/\|NOK\|invalid request-uri: OPTIONS foo SIP\/2\.0$/);
    expect(await ask(sip('FOO sip:x@127.0.0.2 SIP/2.0'))).toMatch(/\|NOK\|invalid request-uri: /);
    expect(await ask('sip||\r\nMESSAGE sip:x@127.0.0.2 SIP/2.0\r\n\r\nhello')).toMatch(/\|NOK\|missing content-type$/);
    expect(await ask(sip('OPTIONS sip:x@127.0.0.2;transport=ws SIP/2.0'))).toMatch(
      /\|NOK\|requested protocol\/transport not available$/,
    );
  });

  test('03: sips is echoed and then fails with 416', async () => {
    const socket = await authenticated();
    const echo = await socket.ask('s', 'sip||\r\nOPTIONS sips:x@127.0.0.2 SIP/2.0\r\n\r\n');
    const txnId = echo.split('\r\n')[0]?.split('|')[10];
    expect(echo).toContain('|Msg sent:|');
    expect(await socket.next(/^[^|]+\|sip\|/)).toMatch(new RegExp(`\\|${txnId}\\|\\|\\r\\nSIP/2\\.0 416 `));
  });

  test('03: what cannot be understood closes the connection', async () => {
    for (const [rest, text] of [
      ['bogus', 'Unknown message type'],
      ['sip||\r\nSIP/2.0 200 OK\r\n\r\n', 'transaction id missing'],
      ['proxy|x', 'Invalid proxy request: not enough information provided'],
    ] as const) {
      const socket = await authenticated();
      expect((await socket.ask('x', rest)).split('|').slice(3)).toEqual(['NO', text]);
      await socket.closed;
    }
  });

  embeddedOnly('an application cannot smuggle a header or a second message in', async () => {
    const socket = await authenticated();
    const peer = await UdpPeer.open(engine);
    closing.push(peer);
    expect(await socket.ask('1', `sip||\r\nOPTIONS ${peer.uri} SIP/2.0\r\nX: a\rVia: evil\r\n\r\n`)).toContain('|NOK|');
    await socket.ask(
      '2',
      `sip||\r\nOPTIONS ${peer.uri} SIP/2.0\r\nVia: SIP/2.0/UDP evil\r\nRecord-Route: <sip:evil>\r\n\r\n`,
    );
    expect(await peer.next(/^OPTIONS /)).not.toContain('evil');
  });
});

describe('routing of new requests', () => {
  const invite = (peer: UdpPeer, method = 'INVITE') =>
    request(peer.port, {
      method,
      uri: `sip:bob@127.0.0.1:${engine.sipPort}`,
      callId: id(),
      cseq: 1,
      fromTag: id(),
      branch: newBranch(),
      body: method === 'INVITE' ? sdp() : '',
    });

  test('04: takes turns among applications, and 503 when the last has gone', async () => {
    const peer = await UdpPeer.open(engine);
    closing.push(peer);
    const apps: TestApp[] = [];
    for (const name of ['one', 'two']) {
      apps.push(
        await connectApp(engine, (srf) =>
          srf.options((_req: AnySrf, res: AnySrf) => res.send(200, { headers: { 'X-App': name } })),
        ),
      );
    }
    const served: Record<string, number> = { one: 0, two: 0 };
    for (let i = 0; i < 6; i++) {
      peer.send(invite(peer, 'OPTIONS'));
      const name = /X-App: (\w+)/.exec(await peer.next(/^SIP\/2\.0 200/))?.[1] as string;
      served[name] = (served[name] ?? 0) + 1;
    }
    expect(served).toEqual({ one: 3, two: 3 });
    for (const app of apps) {
      const closed = event(app.srf._app ?? app.srf, 'close').catch(() => {});
      app.close();
      await Promise.race([closed, new Promise((resolve) => setImmediate(resolve))]);
    }
    // The engine sees both connections end before it can serve a third.
    const last = await authenticated();
    await last.ask('r', 'route|register');
    peer.send(invite(peer));
    await peer.next(/^SIP\/2\.0 100 /);
    const refused = await peer.next(/^SIP\/2\.0 503 /);
    if (realServer === '') expect(refused).toContain('\r\nRetry-After: ');
  });

  embeddedOnly('33: remove_route takes away that verb alone', async () => {
    const peer = await UdpPeer.open(engine);
    closing.push(peer);
    const socket = await authenticated();
    for (const verb of ['invite', 'options', 'options']) await socket.ask(id(), `route|${verb}`);
    expect(await socket.ask('x', 'remove_route|invite')).toContain('|OK');
    peer.send(invite(peer));
    await peer.next(/^SIP\/2\.0 503 /);
    peer.send(invite(peer, 'OPTIONS'));
    const meta = (await socket.next(/\|sip\|network\|/)).split('\r\n')[0]?.split('|') ?? [];
    expect(meta[4]).toBe('udp');
    expect(meta.slice(5, 7)).toEqual(['127.0.0.1', String(peer.port)]);
    expect(meta[7]).toMatch(/^\d\d:\d\d:\d\d\.\d{6}$/);
    expect(meta[8]).toMatch(/^[0-9a-f-]{36}$/);
    expect(meta.slice(9)).toEqual(['', '127.0.0.1', String(engine.sipPort), '']);
  });
});
