/* The SIP side of the media engine against a raw UDP peer: what a dialog partner may do right and wrong. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { type MediaEngine, startMediaEngine } from '../../embedded/media/engine.ts';

const host = '127.0.0.1';
let engine: MediaEngine;
let app: Server;
let sip: Socket;
let messages: string[];
let count = 0;
const appSockets = new Set<TcpSocket>();

beforeAll(async () => {
  const rtpMin = 24_000 + 2 * Math.floor(Math.random() * 10_000);
  engine = await startMediaEngine({
    sipHost: host,
    sipPort: 0,
    eslHost: host,
    eslPort: 0,
    eslSecret: 'x',
    rtpHost: host,
    rtpMin,
    rtpMax: rtpMin + 199,
    log: { info() {}, warn() {} },
  });
  app = createServer((socket) => {
    appSockets.add(socket);
    socket
      .on('error', () => {})
      .on('close', () => appSockets.delete(socket))
      .resume();
  }).listen(0, host);
  await once(app, 'listening');
});
beforeEach(async () => {
  messages = [];
  sip = createSocket('udp4').bind(0, host);
  await once(sip, 'listening');
  sip.on('message', (data) => {
    messages.push(data.toString('latin1'));
    sip.emit('heard');
  });
});
afterEach(() => {
  for (const socket of appSockets) socket.destroy();
  sip.close();
});
afterAll(async () => {
  app.close();
  await engine.stop();
});

/** The next message that fits. */
async function next(pattern: RegExp): Promise<string> {
  for (;;) {
    const at = messages.findIndex((message) => pattern.test(message));
    if (at >= 0) return messages.splice(at, 1)[0] as string;
    await once(sip, 'heard');
  }
}

const offer = `v=0\r\no=- 1 1 IN IP4 ${host}\r\ns=-\r\nc=IN IP4 ${host}\r\nt=0 0\r\nm=audio 40000 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\n`;
type Parts = { user?: string; toTag?: string; cseq?: number; body?: string; branch?: string; app?: string };

function send(method: string, callId: string, parts: Parts = {}): void {
  const { port } = sip.address();
  const ownApp = `${host}:${(app.address() as { port: number }).port}`;
  const { user = 'drachtio', toTag, cseq = 1, body = '', branch = `z9hG4bK${++count}`, app: wanted = ownApp } = parts;
  const text =
    `${method} sip:${user}@${host}:${engine.sipPort} SIP/2.0\r\nVia: SIP/2.0/UDP ${host}:${port};branch=${branch}\r\n` +
    `Max-Forwards: 70\r\nFrom: <sip:app@${host}:${port}>;tag=a1\r\nTo: <sip:drachtio@${host}>${toTag ? `;tag=${toTag}` : ''}\r\n` +
    `Call-ID: ${callId}\r\nCSeq: ${cseq} ${method}\r\nContact: <sip:app@${host}:${port}>\r\nX-esl-outbound: ${wanted}\r\n` +
    `User-Agent: drachtio-fsmrf:1\r\n${body ? 'Content-Type: application/sdp\r\n' : ''}Content-Length: ${body.length}\r\n\r\n${body}`;
  sip.send(Buffer.from(text, 'latin1'), engine.sipPort, host);
}

const tagOf = (response: string): string => /\r\nTo: .*;tag=([^\r;]+)/i.exec(response)?.[1] ?? '';

async function establish(callId: string): Promise<string> {
  send('INVITE', callId, { body: offer });
  const toTag = tagOf(await next(/^SIP\/2\.0 200 /));
  send('ACK', callId, { toTag });
  return toTag;
}

/** Whether a connection from the engine came to the app. */
async function appConnection(): Promise<TcpSocket> {
  const [socket] = appSockets;
  if (socket) return socket;
  return (await once(app, 'connection'))[0] as TcpSocket;
}

test('100, then 200 with a Contact, a tag and SDP, and a connection to the app; BYE is answered and ends it', async () => {
  send('INVITE', 'basic', { body: offer });
  expect(await next(/^SIP\/2\.0 100 /)).not.toContain(';tag=b');
  const response = await next(/^SIP\/2\.0 200 /);
  expect(response).toMatch(new RegExp(`\\r\\nContact: <sip:drachtio@${host}:${engine.sipPort};transport=udp>\\r\\n`));
  expect(response).toContain('Content-Type: application/sdp\r\n');
  const toTag = tagOf(response);
  send('ACK', 'basic', { toTag });
  const socket = await appConnection();
  send('BYE', 'basic', { toTag, cseq: 2 });
  await next(/^SIP\/2\.0 200 OK[\s\S]*CSeq: 2 BYE/);
  await once(socket, 'end');
});

test('a repeated INVITE is the same call', async () => {
  send('INVITE', 'twice', { body: offer, branch: 'z9hG4bKsame' });
  send('INVITE', 'twice', { body: offer, branch: 'z9hG4bKsame' });
  const first = await next(/^SIP\/2\.0 200 /);
  send('INVITE', 'twice', { body: offer, branch: 'z9hG4bKsame' });
  expect(await next(/^SIP\/2\.0 200 /)).toBe(first);
  send('ACK', 'twice', { toTag: tagOf(first) });
  send('BYE', 'twice', { toTag: tagOf(first), cseq: 2 });
  await next(/CSeq: 2 BYE/);
});

test('an app that cannot be reached ends the call with BYE', async () => {
  send('INVITE', 'gone', { body: offer, app: `${host}:1` });
  await next(/^BYE sip:app@/);
});

test('an address of an app that is none is refused', async () => {
  send('INVITE', 'none', { body: offer, app: 'nowhere' });
  await next(/^SIP\/2\.0 480 /);
});

test('re-INVITE answers with a higher version, one out of order with 500, BYE for a stranger with 481', async () => {
  const toTag = await establish('again');
  send('INVITE', 'again', { toTag, cseq: 5, body: offer });
  const answer = await next(/^SIP\/2\.0 200 [\s\S]*CSeq: 5 INVITE/);
  const [, id, version] = /o=\S+ (\d+) (\d+)/.exec(answer) ?? [];
  expect(Number(version)).toBe(Number(id) + 2);
  send('ACK', 'again', { toTag, cseq: 5 });
  send('INFO', 'again', { toTag, cseq: 3 });
  await next(/^SIP\/2\.0 500 [\s\S]*CSeq: 3 INFO/);
  send('INFO', 'again', { toTag, cseq: 6 });
  await next(/^SIP\/2\.0 200 [\s\S]*CSeq: 6 INFO/);
  send('BYE', 'again', { toTag: 'nobody', cseq: 7 });
  await next(/^SIP\/2\.0 481 [\s\S]*CSeq: 7 BYE/);
  send('INVITE', 'again', { toTag, cseq: 8, body: offer.replace('m=audio 40000', 'm=audio 0') });
  expect(await next(/^SIP\/2\.0 488 [\s\S]*CSeq: 8 INVITE/)).toMatch(/\r\nWarning: 3\d\d media "/);
  send('BYE', 'again', { toTag, cseq: 9 });
  await next(/^SIP\/2\.0 200 [\s\S]*CSeq: 9 BYE/);
});

test('whoever asks for somebody else, or names no app, gets no call', async () => {
  send('INVITE', 'else', { user: 'bob', body: offer });
  await next(/^SIP\/2\.0 404 /);
  send('OPTIONS', 'ping');
  await next(/^SIP\/2\.0 200 [\s\S]*CSeq: 1 OPTIONS/);
  send('SUBSCRIBE', 'sub');
  await next(/^SIP\/2\.0 405 /);
});
