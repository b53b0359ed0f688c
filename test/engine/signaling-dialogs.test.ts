import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { SignalingEngine } from '../../embedded/signaling/engine.ts';
import {
  type AnySrf,
  bodyOf,
  connectApp,
  countOf,
  embeddedOnly,
  event,
  expectCount,
  headerOf,
  id,
  listenTcpPeer,
  newBranch,
  realOnly,
  request,
  response,
  sdp,
  seen,
  startEngine,
  TcpPeer,
  type TestApp,
  tagOf,
  UdpPeer,
} from './signaling-support.ts';

/* Registrations, subscriptions, PRACK, TCP, lost applications and lost ACKs; after transcripts drachtio-05, -06, -20 to -30, -36. */

let engine: SignalingEngine;
let peer: UdpPeer;
const closing: { close(): unknown }[] = [];

beforeEach(async () => {
  engine = await startEngine();
  peer = await UdpPeer.open(engine);
});
afterEach(async () => {
  for (const one of closing.splice(0)) void one.close();
  void peer.close();
  await engine.stop();
});

async function app(setUp?: (srf: AnySrf) => void): Promise<AnySrf> {
  const connected: TestApp = await connectApp(engine, setUp);
  closing.push(connected);
  return connected.srf;
}
const own = () => `sip:bob@127.0.0.1:${engine.sipPort}`;
const answering = (dialog: { resolve: (value: AnySrf) => void }) => (srf: AnySrf) =>
  srf.invite(async (req: AnySrf, res: AnySrf) =>
    dialog.resolve(await srf.createUAS(req, res, { localSdp: sdp(30000) })),
  );

function caller(port: number, more: object = {}) {
  const callId = id();
  const fromTag = id();
  const branch = newBranch();
  const make = (method: string, cseq: number, toTag?: string, extra: object = {}) =>
    request(port, {
      method,
      uri: own(),
      callId,
      fromTag,
      cseq,
      ...(toTag === undefined ? {} : { toTag }),
      ...(method === 'INVITE' && toTag === undefined ? { branch, body: sdp() } : {}),
      ...more,
      ...extra,
    });
  return { callId, fromTag, branch, make };
}

test('05: REGISTER challenged, then accepted; a retransmission gets the same answer', async () => {
  await app((srf) => {
    srf.register((req: AnySrf, res: AnySrf) => {
      if (!req.has('authorization'))
        return res.send(401, { headers: { 'WWW-Authenticate': 'Digest realm="example.com", nonce="9bd055f8"' } });
      res.send(200, { headers: { Contact: `${req.get('contact')};expires=3600`, Expires: 3600 } });
    });
  });
  const { make } = caller(peer.port);
  peer.send(make('REGISTER', 1));
  const challenge = await peer.next(/^SIP\/2\.0 401 /);
  expect(headerOf(challenge, 'WWW-Authenticate')).toBe('Digest realm="example.com", nonce="9bd055f8"');
  const second = make('REGISTER', 2, undefined, {
    headers: ['Authorization: Digest username="alice", realm="example.com"'],
  });
  peer.send(second);
  const ok = await peer.next(/^SIP\/2\.0 200 /);
  expect(headerOf(ok, 'Contact')).toBe(`<sip:alice@127.0.0.1:${peer.port}>;expires=3600`);
  peer.send(second);
  expect(await peer.next(/^SIP\/2\.0 200 /)).toBe(ok);
});

test('06: OPTIONS in and out; headers filled, known ones first', async () => {
  const srf = await app((it) =>
    it.options((_req: AnySrf, res: AnySrf) => res.send(200, { headers: { allow: 'INVITE, ACK' } })),
  );
  peer.send(caller(peer.port).make('OPTIONS', 1));
  expect(headerOf(await peer.next(/^SIP\/2\.0 200/), 'Allow')).toBe('INVITE, ACK');
  const answered = new Promise<AnySrf>((resolve, reject) =>
    srf.request(
      peer.uri,
      {
        method: 'OPTIONS',
        headers: {
          'X-My-hdr': 1,
          subject: 'hi',
          from: 'sip:me@localhost',
          'P-Asserted-Identity': '<sip:me@localhost>',
        },
      },
      (error: Error, req: AnySrf) => (error ? reject(error) : req.on('response', resolve)),
    ),
  );
  const options = await peer.next(/^OPTIONS /);
  const local = `127.0.0.1:${engine.sipPort}`;
  expect(headerOf(options, 'From')).toMatch(new RegExp(`^<sip:me@${local}>;tag=`));
  const names = options
    .split('\r\n\r\n')[0]
    ?.split('\r\n')
    .slice(1)
    .map((line) => line.split(':')[0]);
  expect(names).toEqual([
    'Via',
    'Max-Forwards',
    'From',
    'To',
    'Call-ID',
    'CSeq',
    'Subject',
    'Content-Length',
    'X-My-hdr',
    'P-Asserted-Identity',
  ]);
  expect(headerOf(options, 'P-Asserted-Identity')).toBe(`<sip:me@${local}>`);
  peer.send(response(options, 200, 'OK'));
  expect((await answered).status).toBe(200);
});

describe('20: the application goes away', () => {
  test('in a call: the caller hears 481 when it asks for something', async () => {
    const dialog = seen();
    const first = await connectApp(engine, answering(dialog));
    const { make } = caller(peer.port);
    peer.send(make('INVITE', 1));
    const ok = await peer.next(/^SIP\/2\.0 200 /);
    const toTag = tagOf(ok, 'To') as string;
    peer.send(make('ACK', 1, toTag));
    await dialog.promise;
    first.close();
    // Another one stays, and its arrival orders our view of the first one's end.
    await app((srf) => srf.invite(() => {}));
    peer.send(make('INFO', 2, toTag, { headers: ['Content-Type: text/plain'], body: 'x' }));
    expect(await peer.next(/CSeq: 2 INFO/)).toMatch(/^SIP\/2\.0 481 /);
    peer.send(make('INVITE', 3, toTag, { body: sdp() }));
    await peer.next(/^SIP\/2\.0 100 .*[\s\S]*CSeq: 3 INVITE/);
    await peer.next(/^SIP\/2\.0 481 .*[\s\S]*CSeq: 3 INVITE/);
    peer.send(make('BYE', 4, toTag));
    expect(await peer.next(/CSeq: 4 BYE/)).toMatch(/^SIP\/2\.0 481 /);
    expectCount(engine, 'dialogs', 0);
  });

  embeddedOnly('while it rings: the caller is told, since nobody can answer any more', async () => {
    const first = await connectApp(engine, (srf) => srf.invite((_req: AnySrf, res: AnySrf) => res.send(180)));
    peer.send(caller(peer.port).make('INVITE', 1));
    await peer.next(/^SIP\/2\.0 180 /);
    first.close();
    await peer.next(/^SIP\/2\.0 503 /);
    expectCount(engine, 'pending', 0);
  });

  embeddedOnly('while it rings a phone: the phone is let off', async () => {
    const first = await connectApp(engine);
    void first.srf.createUAC(peer.uri, { localSdp: sdp() }).catch(() => {});
    const invite = await peer.next(/^INVITE /);
    peer.send(response(invite, 180, 'Ringing'));
    first.close();
    const cancel = await peer.next(/^CANCEL /);
    peer.send(response(cancel, 200, 'OK'));
    peer.send(response(invite, 487, 'Request Terminated'));
    await peer.next(/^ACK /);
    expectCount(engine, 'outgoing', 0);
  });

  realOnly('while it rings: the caller can still cancel', async () => {
    const first = await connectApp(engine, (srf) => srf.invite((_req: AnySrf, res: AnySrf) => res.send(180)));
    const { make, branch } = caller(peer.port);
    peer.send(make('INVITE', 1));
    await peer.next(/^SIP\/2\.0 180 /);
    first.close();
    peer.send(make('CANCEL', 1, undefined, { branch }));
    await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 1 CANCEL/);
    await peer.next(/^SIP\/2\.0 487 /);
    expectCount(engine, 'pending', 0);
  });

  test('36: its dialogs stay, and another connection may end them', async () => {
    const dialog = seen();
    const first = await connectApp(engine, answering(dialog));
    const call = caller(peer.port);
    peer.send(call.make('INVITE', 1));
    const ok = await peer.next(/^SIP\/2\.0 200 /);
    peer.send(call.make('ACK', 1, tagOf(ok, 'To')));
    const { id: dialogId } = (await dialog.promise) as AnySrf;
    first.close();
    const other = await app();
    const answered = new Promise<AnySrf>((resolve, reject) =>
      other.request('sip:placeholder', { method: 'BYE', stackDialogId: dialogId }, (error: Error, req: AnySrf) =>
        error ? reject(error) : req.on('response', resolve),
      ),
    );
    const bye = await peer.next(/^BYE /);
    peer.send(response(bye, 200, 'OK'));
    expect((await answered).status).toBe(200);
    expectCount(engine, 'dialogs', 0);
  });
});

describe('21: TCP', () => {
  test('in: keep-alive, split and joined messages, answers on the connection', async () => {
    const dialog = seen();
    await app(answering(dialog));
    const tcp = await TcpPeer.open(engine.sipPort);
    closing.push(tcp);
    tcp.send('\r\n\r\n');
    await tcp.next(/^CRLF$/);
    const { make } = caller(tcp.port, { transport: 'TCP', contact: `<sip:alice@127.0.0.1:${tcp.port};transport=tcp>` });
    for (const piece of make('INVITE', 1).match(/[\s\S]{1,97}/g) ?? []) tcp.send(piece);
    await tcp.next(/^SIP\/2\.0 100 /);
    const ok = await tcp.next(/^SIP\/2\.0 200 /);
    expect(headerOf(ok, 'Contact')).toBe(`<sip:127.0.0.1:${engine.sipPort};transport=tcp>`);
    const toTag = tagOf(ok, 'To') as string;
    const info = make('INFO', 2, toTag, { headers: ['Content-Type: text/plain'], body: 'a\r\n\r\nb' });
    tcp.send(make('ACK', 1, toTag) + info);
    await tcp.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 2 INFO/);
    const ended = ((await dialog.promise) as AnySrf).destroy();
    const bye = await tcp.next(/^BYE /);
    expect(headerOf(bye, 'Via')).toMatch(/^SIP\/2\.0\/TCP /);
    tcp.send(response(bye, 200, 'OK'));
    await ended;
  });

  embeddedOnly('in: what is no SIP ends the connection, and an endless head too', async () => {
    for (const bytes of [
      'GET / HTTP/1.1\r\nHost: x\r\n\r\n',
      `OPTIONS sip:x SIP/2.0\r\nX: ${'a'.repeat(40_000)}`,
      'x\r\nContent-Length: zz\r\n\r\n',
    ]) {
      const tcp = await TcpPeer.open(engine.sipPort);
      tcp.send(bytes);
      await tcp.closed;
    }
  });

  test('out: connects, and refused connections fail at once with 503', async () => {
    const srf = await app();
    const listening = await listenTcpPeer();
    const uri = `sip:peer@127.0.0.1:${listening.port};transport=tcp`;
    const made = srf.createUAC(uri, { localSdp: sdp() }).catch((error: AnySrf) => error);
    const tcp = await listening.peer;
    const invite = await tcp.next(/^INVITE /);
    expect(invite.split('\r\n')[1]).toMatch(
      new RegExp(`^Via: SIP/2\\.0/TCP 127\\.0\\.0\\.1:${engine.sipPort};branch=`),
    );
    expect(headerOf(invite, 'Contact')).toBe(`<sip:127.0.0.1:${engine.sipPort};transport=tcp>`);
    tcp.send(response(invite, 486, 'Busy Here'));
    await tcp.next(/^ACK /);
    expect((await made).status).toBe(486);
    tcp.close();
    await new Promise((resolve) => listening.server.close(resolve));
    expect((await srf.createUAC(uri, { localSdp: sdp() }).catch((error: AnySrf) => error)).status).toBe(503);
  });

  test('a phone registered over TCP is called over its own connection', async () => {
    const srf = await app((it) =>
      it.register((req: AnySrf, res: AnySrf) =>
        res.send(200, { headers: { Contact: `${req.get('contact')};expires=600` } }),
      ),
    );
    const tcp = await TcpPeer.open(engine.sipPort);
    closing.push(tcp);
    const contact = 'sip:phone@df7jal23ls0d.invalid;transport=tcp';
    tcp.send(caller(tcp.port, { transport: 'TCP', contact: `<${contact}>` }).make('REGISTER', 1));
    await tcp.next(/^SIP\/2\.0 200 /);
    const made = srf.createUAC(contact, { localSdp: sdp() }).catch((error: AnySrf) => error);
    const invite = await tcp.next(/^INVITE /);
    expect(invite.split('\r\n')[0]).toBe(`INVITE ${contact} SIP/2.0`);
    tcp.send(response(invite, 486, 'Busy Here'));
    expect((await made).status).toBe(486);
    // Unregistered: the name does not resolve and nothing else is tried.
    tcp.send(
      caller(tcp.port, { transport: 'TCP', contact: `<${contact}>;expires=0` }).make('REGISTER', 2, undefined, {}),
    );
  });
});

test('23: a challenged INVITE is repeated with credentials, same Call-ID and From tag, CSeq + 1', async () => {
  const srf = await app();
  const made = srf.createUAC(peer.uri, { localSdp: sdp(), auth: { username: 'u', password: 'p' } });
  const first = await peer.next(/^INVITE /);
  peer.send(
    response(first, 407, 'Proxy Authentication Required', {
      headers: ['Proxy-Authenticate: Digest realm="r", nonce="n1", algorithm=MD5, qop="auth"'],
    }),
  );
  await peer.next(/^ACK /);
  const second = await peer.next(/^INVITE /);
  expect(headerOf(second, 'Call-ID')).toBe(headerOf(first, 'Call-ID'));
  expect(tagOf(second, 'From')).toBe(tagOf(first, 'From'));
  const cseq = Number.parseInt(headerOf(first, 'CSeq') as string, 10);
  expect(headerOf(second, 'CSeq')).toBe(`${cseq + 1} INVITE`);
  expect(headerOf(second, 'Proxy-Authorization')).toContain('username="u"');
  peer.send(response(second, 200, 'OK', { body: sdp(), headers: [`Contact: <${peer.uri}>`] }));
  const dialog = await made;
  expect(headerOf(await peer.next(/^ACK /), 'CSeq')).toBe(`${cseq + 1} ACK`);
  const ended = dialog.destroy();
  const bye = await peer.next(/^BYE /);
  expect(headerOf(bye, 'CSeq')).toBe(`${cseq + 2} BYE`);
  peer.send(response(bye, 200, 'OK'));
  await ended;
});

describe('24: reliable provisional responses', () => {
  test('as UAS: repeated until PRACK, which reaches the application', async () => {
    const pracked = seen<void>();
    await app((srf) => {
      srf.invite((_req: AnySrf, res: AnySrf) => {
        res.send(
          183,
          { body: sdp(30000), headers: { require: '100rel' } },
          () => {},
          () => {
            pracked.resolve();
            res.send(486);
          },
        );
      });
    });
    const { make, branch } = caller(peer.port);
    peer.send(make('INVITE', 1, undefined, { headers: ['Supported: 100rel'] }));
    const progress = await peer.next(/^SIP\/2\.0 183 /);
    expect(headerOf(progress, 'Contact')).toBe(`<sip:127.0.0.1:${engine.sipPort}>`);
    expect(await peer.next(/^SIP\/2\.0 183 /)).toBe(progress);
    const toTag = tagOf(progress, 'To') as string;
    peer.send(make('PRACK', 2, toTag, { headers: [`RAck: ${headerOf(progress, 'RSeq')} 1 INVITE`] }));
    await pracked.promise;
    await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 2 PRACK/);
    const busy = await peer.next(/^SIP\/2\.0 486 /);
    expect(tagOf(busy, 'To')).toBe(toTag);
    peer.send(make('ACK', 1, toTag, { branch }));
    expectCount(engine, 'dialogs', 0);
  });

  test('as UAS: refused when the caller does not know it', async () => {
    const error = seen<string>();
    await app((srf) =>
      srf.invite((_req: AnySrf, res: AnySrf) =>
        res.send(183, { body: sdp(), headers: { require: '100rel' } }, (why: string) => error.resolve(why)),
      ),
    );
    peer.send(caller(peer.port).make('INVITE', 1));
    expect(await error.promise).toBe('Remote endpoint does not support 100rel');
  });

  test('as UAC: PRACK by drachtio-srf goes to the Contact of the 183', async () => {
    const srf = await app();
    const made = srf.createUAC(peer.uri, { localSdp: sdp(), headers: { Supported: '100rel' } });
    const invite = await peer.next(/^INVITE /);
    const contact = `Contact: <sip:early@127.0.0.1:${peer.port}>`;
    peer.send(
      response(invite, 183, 'Session Progress', { headers: [contact, 'Require: 100rel', 'RSeq: 77'], body: sdp() }),
    );
    const prack = await peer.next(/^PRACK /);
    const cseq = Number.parseInt(headerOf(invite, 'CSeq') as string, 10);
    expect(prack.split('\r\n')[0]).toBe(`PRACK sip:early@127.0.0.1:${peer.port} SIP/2.0`);
    expect(headerOf(prack, 'RAck')).toBe(`77 ${cseq} INVITE`);
    expect(headerOf(prack, 'CSeq')).toBe(`${cseq + 1} PRACK`);
    peer.send(response(prack, 200, 'OK'));
    peer.send(response(invite, 200, 'OK', { body: sdp(), headers: [contact] }));
    const dialog = await made;
    expect(headerOf(await peer.next(/^ACK /), 'CSeq')).toBe(`${cseq} ACK`);
    void dialog.destroy();
    const bye = await peer.next(/^BYE /);
    expect(headerOf(bye, 'CSeq')).toBe(`${cseq + 2} BYE`);
    peer.send(response(bye, 200, 'OK'));
  });
});

test('26: SUBSCRIBE accepted, NOTIFY by the application until it is terminated', async () => {
  const subscription = seen();
  await app((srf) =>
    srf.subscribe(async (req: AnySrf, res: AnySrf) =>
      subscription.resolve(await srf.createUAS(req, res, { headers: { expires: 300 } })),
    ),
  );
  const { make, fromTag } = caller(peer.port);
  peer.send(make('SUBSCRIBE', 1, undefined, { headers: ['Event: dialog', 'Expires: 300'] }));
  const accepted = await peer.next(/^SIP\/2\.0 202 /);
  expect(headerOf(accepted, 'Contact')).toBe(`<sip:127.0.0.1:${engine.sipPort}>`);
  const dialog = (await subscription.promise) as AnySrf;
  const first = dialog.request({
    method: 'NOTIFY',
    headers: {
      Event: 'dialog',
      'Subscription-State': 'active;expires=300',
      'Content-Type': 'application/dialog-info+xml',
    },
    body: '<x/>',
  });
  const notify = await peer.next(/^NOTIFY /);
  expect(tagOf(notify, 'To')).toBe(fromTag);
  expect(headerOf(notify, 'CSeq')).toBe('2 NOTIFY');
  expect(bodyOf(notify)).toBe('<x/>');
  peer.send(response(notify, 200, 'OK'));
  await first;
  const last = dialog.destroy();
  const terminated = await peer.next(/^NOTIFY /);
  expect(headerOf(terminated, 'Subscription-State')).toBe('terminated');
  peer.send(response(terminated, 200, 'OK'));
  await last;
  expectCount(engine, 'dialogs', 0);
});

embeddedOnly('a subscription of ours hears a NOTIFY that overtakes the 200', async () => {
  const notified = seen<string>();
  const srf = await app();
  const sent = new Promise<AnySrf>((resolve, reject) =>
    srf.request(
      peer.uri,
      { method: 'SUBSCRIBE', headers: { Event: 'message-summary', Expires: 300 } },
      (error: Error, req: AnySrf) => (error ? reject(error) : resolve(req)),
    ),
  );
  const subscribe = await peer.next(/^SUBSCRIBE /);
  await sent;
  srf.notify((req: AnySrf, res: AnySrf) => {
    notified.resolve(req.get('Subscription-State'));
    res.send(200);
  });
  const notify = request(peer.port, {
    method: 'NOTIFY',
    uri: own(),
    callId: headerOf(subscribe, 'Call-ID') as string,
    cseq: 1,
    fromTag: 'peertag',
    toTag: tagOf(subscribe, 'From') as string,
    headers: ['Event: message-summary', 'Subscription-State: active'],
  });
  peer.send(notify);
  await peer.next(/^SIP\/2\.0 200 .*[\s\S]*CSeq: 1 NOTIFY/);
  expect(await notified.promise).toBe('active');
  peer.send(response(subscribe, 200, 'OK', { headers: [`Contact: <${peer.uri}>`, 'Expires: 300'] }));
});

embeddedOnly('27: the ACK never comes: the 200 is repeated, then BYE to the peer and the application', async () => {
  await engine.stop();
  void peer.close();
  engine = await startEngine({ timing: { t1: 20, t2: 160, t4: 200 } });
  peer = await UdpPeer.open(engine);
  const dialog = seen();
  await app(answering(dialog));
  peer.send(caller(peer.port).make('INVITE', 1));
  const ok = await peer.next(/^SIP\/2\.0 200 /);
  const destroyed = event(await dialog.promise, 'destroy');
  for (let again = 0; again < 8; again++) expect(await peer.next(/^SIP\/2\.0 200 /)).toBe(ok);
  const bye = await peer.next(/^BYE /);
  expect(headerOf(bye, 'Reason')).toBe('SIP;cause=200;text="ACK timeout"');
  peer.send(response(bye, 200, 'OK'));
  expect(((await destroyed) as AnySrf).get('Reason')).toContain('ACK timeout');
  expectCount(engine, 'dialogs', 0);
});

test('28: an INVITE without SDP; the answer goes in the ACK', async () => {
  const srf = await app();
  const made = srf.createUAC(peer.uri, { noAck: true });
  const invite = await peer.next(/^INVITE /);
  expect(bodyOf(invite)).toBe('');
  expect(headerOf(invite, 'Content-Type')).toBeUndefined();
  peer.send(response(invite, 200, 'OK', { body: sdp(), headers: [`Contact: <${peer.uri}>`] }));
  const { ack } = await made;
  const dialog = ack(sdp(30000));
  const sent = await peer.next(/^ACK /);
  expect(bodyOf(sent)).toBe(sdp(30000));
  expect(headerOf(sent, 'Content-Type')).toBe('application/sdp');
  await dialog;
});

test('30: by an outbound proxy, whose Record-Route is then the way', async () => {
  const proxy = await UdpPeer.open(engine);
  closing.push(proxy);
  const srf = await app();
  const made = srf.createUAC('sip:peer@example.com', {
    localSdp: sdp(),
    proxy: `sip:127.0.0.1:${proxy.port};lr`,
    headers: {
      From: '"A" <sip:a@example.com>',
      To: '<sip:b@example.com>',
      'Call-ID': 'my-own-call-id',
      Route: '<sip:1.2.3.4;lr>',
    },
  });
  const invite = await proxy.next(/^INVITE /);
  expect(invite.split('\r\n')[0]).toBe('INVITE sip:peer@example.com SIP/2.0');
  expect(headerOf(invite, 'Call-ID')).toBe('my-own-call-id');
  expect(headerOf(invite, 'From')).toMatch(/^"A" <sip:a@example\.com>;tag=/);
  expect(headerOf(invite, 'To')).toBe('<sip:b@example.com>');
  expect(countOf(invite, 'Route')).toBe(0);
  const route = `<sip:127.0.0.1:${proxy.port};lr>`;
  proxy.send(
    response(invite, 200, 'OK', {
      body: sdp(),
      headers: ['Contact: <sip:callee@192.0.2.7>', `Record-Route: ${route}`],
    }),
  );
  const dialog = await made;
  const ack = await proxy.next(/^ACK /);
  expect(ack.split('\r\n')[0]).toBe('ACK sip:callee@192.0.2.7 SIP/2.0');
  expect(headerOf(ack, 'Route')).toBe(route);
  void dialog.destroy();
  const bye = await proxy.next(/^BYE sip:callee@192\.0\.2\.7 /);
  expect(headerOf(bye, 'Route')).toBe(route);
  proxy.send(response(bye, 200, 'OK'));
});

test('NAT: a Contact that is not where the packets come from is reached at their source', async () => {
  const dialog = seen();
  await app(answering(dialog));
  const { make } = caller(peer.port, { contact: '<sip:alice@10.9.8.7:5060>' });
  peer.send(make('INVITE', 1));
  const ok = await peer.next(/^SIP\/2\.0 200 /);
  peer.send(make('ACK', 1, tagOf(ok, 'To')));
  void ((await dialog.promise) as AnySrf).destroy();
  const bye = await peer.next(/^BYE sip:alice@10\.9\.8\.7:5060 /);
  peer.send(response(bye, 200, 'OK'));
});

embeddedOnly('a second phone that answers behind a forking proxy is acknowledged and hung up', async () => {
  const srf = await app();
  const made = srf.createUAC(peer.uri, { localSdp: sdp() });
  const invite = await peer.next(/^INVITE /);
  const answer = (tag: string) =>
    response(invite, 200, 'OK', { tag, body: sdp(), headers: [`Contact: <sip:${tag}@127.0.0.1:${peer.port}>`] });
  peer.send(answer('one'));
  await made;
  await peer.next(/^ACK sip:one@/);
  peer.send(answer('two'));
  await peer.next(/^ACK sip:two@/);
  const bye = await peer.next(/^BYE sip:two@/);
  expect(tagOf(bye, 'To')).toBe('two');
  peer.send(response(bye, 200, 'OK'));
  expectCount(engine, 'dialogs', 1);
});

embeddedOnly('an answer for an application that has gone is acknowledged and hung up', async () => {
  const first = await connectApp(engine);
  void first.srf.createUAC(peer.uri, { localSdp: sdp() }).catch(() => {});
  const invite = await peer.next(/^INVITE /);
  first.close();
  await app();
  peer.send(response(invite, 200, 'OK', { body: sdp(), headers: [`Contact: <${peer.uri}>`] }));
  await peer.next(/^ACK /);
  const bye = await peer.next(/^BYE /);
  peer.send(response(bye, 200, 'OK'));
  expectCount(engine, 'dialogs', 0);
});
