import { afterAll, beforeAll, expect, test } from '@jest/globals';
import type { SignalingEngine } from '../../embedded/signaling/engine.ts';
import {
  type AnySrf,
  connectApp,
  id,
  request,
  sdp,
  startEmbedded,
  TcpPeer,
  type TestApp,
  UdpPeer,
} from './signaling-support.ts';

/* Mutated messages at the live port. Seeded: the same messages every time; CHARTLINE_FUZZ_SEED and _COUNT change them. */

const seed = Number(process.env.CHARTLINE_FUZZ_SEED ?? 4475);
const count = Number(process.env.CHARTLINE_FUZZ_COUNT ?? 20_000);
const batch = 250;

let engine: SignalingEngine;
let app: TestApp;

beforeAll(async () => {
  engine = await startEmbedded({ timing: { t1: 20, t2: 160, t4: 200 } });
  app = await connectApp(engine, (srf: AnySrf) => {
    for (const method of ['options', 'register', 'message', 'subscribe', 'notify', 'info', 'publish']) {
      srf[method]((_req: AnySrf, res: AnySrf) => res.send(200));
    }
    // Every third call is answered, so that dialogs stand in the way of what follows.
    let calls = 0;
    srf.invite((req: AnySrf, res: AnySrf) => {
      if (calls++ % 3 !== 0) return res.send(486);
      srf.createUAS(req, res, { localSdp: sdp() }).catch(() => {});
    });
  });
});
afterAll(async () => {
  app.close();
  await engine.stop();
});

/** mulberry32: small, and the same on every machine. */
function random(state: number): () => number {
  let a = state;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

const pieces = [
  '\r\n',
  '\n',
  '\r',
  '\0',
  ' ',
  '\t',
  ';',
  ',',
  ':',
  '<',
  '>',
  '"',
  '\\',
  '%00',
  '|',
  '#',
  '@',
  '=',
  '?',
  '[',
  ']',
  '\xff',
  '\xc3\xa0',
  '\r\n\r\n',
  ';tag=',
  ';branch=z9hG4bK',
  ';rport=0',
  ';received=256.1.1.1',
  'SIP/2.0',
  'sip:',
  'tel:',
  '4294967296',
  '-1',
  '\r\nContent-Length: 99999',
  '\r\nVia: x',
  '\r\nRoute: <sip:127.0.0.1;lr>',
  '\r\nRecord-Route: <<<',
  '\r\nContact: *',
  '\r\nRequire: 100rel',
  '\r\n Folded',
  '\r\n__proto__: 1',
  '\r\nSession-Expires: 1',
  '\r\nRAck: 1 1 INVITE',
  'ÿ'.repeat(300),
];
const methods = [
  'INVITE',
  'ACK',
  'BYE',
  'CANCEL',
  'OPTIONS',
  'REGISTER',
  'INFO',
  'UPDATE',
  'PRACK',
  'REFER',
  'NOTIFY',
  'SUBSCRIBE',
  'MESSAGE',
  'FOO',
];

function mutant(next: () => number, port: number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)] as T;
  const method = pick(methods);
  let text = request(port, {
    method,
    uri: `sip:bob@127.0.0.1:${engine.sipPort}`,
    // Few identities, so that mutants meet one another's transactions and dialogs.
    callId: `fuzz-${Math.floor(next() * 50)}`,
    fromTag: `f${Math.floor(next() * 5)}`,
    cseq: 1 + Math.floor(next() * 4),
    branch: `z9hG4bKfuzz${Math.floor(next() * 200)}`,
    ...(next() < 0.3 ? { toTag: `t${Math.floor(next() * 5)}` } : {}),
    ...(method === 'INVITE' ? { body: sdp() } : {}),
  });
  if (next() < 0.05) text = text.replace(/^[^\r]*/, `SIP/2.0 ${Math.floor(next() * 800)} Hm`);
  for (let n = Math.floor(next() * 4); n > 0; n--) {
    const at = Math.floor(next() * text.length);
    const length = Math.floor(next() ** 3 * 60);
    const kind = next();
    if (kind < 0.25) text = text.slice(0, at) + text.slice(at + length);
    else if (kind < 0.4)
      text = text.slice(0, at) + text.slice(at, at + length).repeat(1 + Math.floor(next() * 4)) + text.slice(at);
    else if (kind < 0.55) text = text.slice(0, at) + String.fromCharCode(Math.floor(next() * 256)) + text.slice(at + 1);
    else if (kind < 0.6) text = text.slice(0, at);
    else text = text.slice(0, at) + pick(pieces) + text.slice(at + (next() < 0.5 ? 0 : length));
  }
  return text;
}

async function alive(peer: UdpPeer): Promise<void> {
  const callId = `alive-${id()}`;
  peer.send(
    request(peer.port, {
      method: 'OPTIONS',
      uri: `sip:bob@127.0.0.1:${engine.sipPort}`,
      callId,
      cseq: 1,
      fromTag: id(),
    }),
  );
  expect(await peer.next(new RegExp(`Call-ID: ${callId}`))).toMatch(/^SIP\/2\.0 200 /);
}

test(`${count} mutants over UDP: the engine and its application live and answer`, async () => {
  const next = random(seed);
  const fuzz = await UdpPeer.open(engine);
  const peer = await UdpPeer.open(engine);
  for (let sent = 0; sent < count; sent += batch) {
    for (let i = 0; i < batch; i++) fuzz.send(mutant(next, fuzz.port));
    await alive(peer);
  }
  expect(fuzz.seen.some((line) => line.startsWith('SIP/2.0 400'))).toBe(true);
  expect(fuzz.seen.some((line) => line.startsWith('SIP/2.0 486'))).toBe(true);
  void fuzz.close();
  void peer.close();
});

test('mutants over TCP: connections fall, the engine does not', async () => {
  const next = random(seed + 1);
  const peer = await UdpPeer.open(engine);
  for (let i = 0; i < 300; i++) {
    const tcp = await TcpPeer.open(engine.sipPort);
    for (let n = 0; n < 5; n++) tcp.send(mutant(next, tcp.port).replace('SIP/2.0/UDP', 'SIP/2.0/TCP'));
    tcp.close();
    if (i % 50 === 0) await alive(peer);
  }
  await alive(peer);
  void peer.close();
});
