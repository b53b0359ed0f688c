import { randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { connect, createServer, type Server, type Socket as TcpSocket } from 'node:net';
import { expect, test } from '@jest/globals';
import Srf from 'drachtio-srf';
import { type SignalingEngine, type SignalingOptions, startSignalingEngine } from '../../embedded/signaling/engine.ts';
import { startRealServer } from './real-drachtio.ts';

/* Real drachtio-srf as application, raw sockets as SIP peers. Everything waits for messages; nothing sleeps. */

export const secret = 'cymru';
/** A fault that the engine caught is still a fault: it fails the test by an unhandled error. */
export const strict = {
  error(fields: { err?: unknown }) {
    throw new Error('the engine logged an error', { cause: fields.err });
  },
};
const patienceMs = 5_000;

/** A real drachtio-server to hold the same tests against; empty: the embedded engine. */
export const realServer = process.env.CHARTLINE_TEST_DRACHTIO ?? '';
/** For what the embedded engine does otherwise on purpose, or what needs its timers shortened. */
export const embeddedOnly = realServer === '' ? test : test.skip;

export const realOnly = realServer === '' ? test.skip : test;

export const startEngine = (more: Partial<SignalingOptions> = {}): Promise<SignalingEngine> =>
  realServer === '' ? startEmbedded(more) : startRealServer(realServer, secret);

/** Checks what the engine still holds; the real server cannot be asked. */
export function expectCount(engine: SignalingEngine, what: keyof ReturnType<SignalingEngine['counts']>, count: number) {
  if (realServer === '') expect(engine.counts()[what]).toBe(count);
}

export const startEmbedded = (more: Partial<SignalingOptions> = {}): Promise<SignalingEngine> =>
  startSignalingEngine({
    sipHost: '127.0.0.1',
    sipPort: 0,
    adminHost: '127.0.0.1',
    adminPort: 0,
    secret,
    log: strict,
    ...more,
  });

// biome-ignore lint/suspicious/noExplicitAny: drachtio-srf's types cover a part of what it does
export type AnySrf = any;

export type TestApp = { readonly srf: AnySrf; close(): void };

/** A connected and authenticated drachtio-srf; routes are set up by `setUp` before it connects. */
export async function connectApp(engine: SignalingEngine, setUp: (srf: AnySrf) => void = () => {}): Promise<TestApp> {
  const srf: AnySrf = new (Srf as AnySrf)();
  setUp(srf);
  await new Promise<void>((resolve, reject) => {
    srf.on('connect', (error: Error | null) => (error ? reject(error) : resolve()));
    srf.on('error', () => {});
    srf.connect({ host: '127.0.0.1', port: engine.adminPort, secret });
  });
  await routed(srf);
  return { srf, close: () => srf.disconnect() };
}

/** drachtio-srf routes when it connects; a ping answered after that tells that the routes have arrived. */
async function routed(srf: AnySrf): Promise<void> {
  const agent = srf._app?.client ?? srf._app ?? srf;
  await new Promise<void>((resolve) => {
    const socket = [...(agent.mapServer?.keys() ?? [])][0];
    if (!socket) return resolve();
    const id = agent.wp.send(socket, 'ping');
    agent.mapServer.get(socket).pendingRequests.set(id, () => resolve());
  });
}

/** Messages received and not yet taken, with waiters. */
class Inbox {
  readonly #messages: string[] = [];
  /** First lines of everything that ever came. */
  readonly seen: string[] = [];
  readonly #waiters = new Set<() => void>();

  put(message: string): void {
    this.#messages.push(message);
    this.seen.push(message.split('\r\n')[0] as string);
    for (const wake of [...this.#waiters]) wake();
  }

  /** Takes the first message that matches; rejects with what came instead. */
  next(pattern: RegExp, ms = patienceMs): Promise<string> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const at = this.#messages.findIndex((message) => pattern.test(message));
        if (at < 0) return;
        done();
        resolve(this.#messages.splice(at, 1)[0] as string);
      };
      const timer = setTimeout(() => {
        done();
        const got = this.#messages.map((message) => message.split('\r\n')[0]).join(' / ');
        reject(new Error(`no ${pattern} within ${ms} ms; got: ${got}`));
      }, ms);
      const done = () => {
        clearTimeout(timer);
        this.#waiters.delete(look);
      };
      this.#waiters.add(look);
      look();
    });
  }

  /** First lines of what nobody has taken. */
  get rest(): string[] {
    return this.#messages.map((message) => message.split('\r\n')[0] as string);
  }
}

export class UdpPeer {
  readonly #socket: Socket;
  readonly #inbox = new Inbox();
  enginePort: number;
  port = 0;

  private constructor(enginePort: number) {
    this.enginePort = enginePort;
    this.#socket = createSocket('udp4');
    this.#socket.on('message', (data) => {
      // Keep-alives (and probes) are CRLFs; every SIP port ignores them.
      if (data.length > 4) this.#inbox.put(data.toString('latin1'));
    });
  }

  static async open(engine: { readonly sipPort: number }, address = '127.0.0.1', port = 0): Promise<UdpPeer> {
    const peer = new UdpPeer(engine.sipPort);
    await new Promise<void>((resolve, reject) => {
      peer.#socket.once('error', reject);
      peer.#socket.bind(port, address, resolve);
    });
    peer.port = peer.#socket.address().port;
    return peer;
  }

  send(text: string): void {
    this.sendBytes(Buffer.from(text, 'latin1'));
  }
  sendBytes(bytes: Buffer): void {
    this.#socket.send(bytes, this.enginePort, '127.0.0.1');
  }
  next(pattern: RegExp, ms?: number): Promise<string> {
    return this.#inbox.next(pattern, ms);
  }
  get rest(): string[] {
    return this.#inbox.rest;
  }
  get seen(): readonly string[] {
    return this.#inbox.seen;
  }
  get uri(): string {
    return `sip:peer@127.0.0.1:${this.port}`;
  }
  close(): Promise<void> {
    return new Promise((resolve) => this.#socket.close(() => resolve()));
  }
}

/** A TCP connection that cuts what it reads by Content-Length. */
export class TcpPeer {
  readonly #inbox = new Inbox();
  readonly #socket: TcpSocket;
  readonly closed: Promise<void>;
  #bytes = '';

  constructor(socket: TcpSocket) {
    this.#socket = socket;
    socket.on('data', (data) => this.#read(data.toString('latin1')));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
  }

  static async open(port: number): Promise<TcpPeer> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true });
    const peer = new TcpPeer(socket);
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return peer;
  }

  get port(): number {
    return this.#socket.localPort as number;
  }
  send(text: string): void {
    this.#socket.write(text, 'latin1');
  }
  next(pattern: RegExp, ms?: number): Promise<string> {
    return this.#inbox.next(pattern, ms);
  }
  close(): void {
    this.#socket.destroy();
  }

  #read(text: string): void {
    this.#bytes += text;
    for (;;) {
      if (this.#bytes === '\r\n') {
        this.#bytes = '';
        this.#inbox.put('CRLF');
      }
      const headEnd = this.#bytes.indexOf('\r\n\r\n');
      if (headEnd < 0) return;
      const length = Number(/Content-Length: (\d+)/i.exec(this.#bytes.slice(0, headEnd))?.[1] ?? 0);
      if (this.#bytes.length < headEnd + 4 + length) return;
      this.#inbox.put(this.#bytes.slice(0, headEnd + 4 + length));
      this.#bytes = this.#bytes.slice(headEnd + 4 + length);
    }
  }
}

/** A listener that gives its first connection. */
export async function listenTcpPeer(): Promise<{ server: Server; port: number; peer: Promise<TcpPeer> }> {
  const server = createServer();
  const peer = new Promise<TcpPeer>((resolve) => server.once('connection', (socket) => resolve(new TcpPeer(socket))));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port, peer };
}

/** Raw connection to the admin port for hand-made frames. */
export class AdminSocket {
  readonly #inbox = new Inbox();
  readonly #socket: TcpSocket;
  readonly closed: Promise<void>;
  #bytes = '';

  private constructor(socket: TcpSocket) {
    this.#socket = socket;
    this.closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.on('data', (data) => {
      this.#bytes += data.toString('latin1');
      for (;;) {
        const hash = this.#bytes.indexOf('#');
        const length = Number(this.#bytes.slice(0, hash));
        if (hash < 0 || this.#bytes.length < hash + 1 + length) return;
        this.#inbox.put(this.#bytes.slice(hash + 1, hash + 1 + length));
        this.#bytes = this.#bytes.slice(hash + 1 + length);
      }
    });
  }

  static async open(engine: { readonly adminPort: number }): Promise<AdminSocket> {
    const socket = connect({ host: '127.0.0.1', port: engine.adminPort, noDelay: true });
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject));
    return new AdminSocket(socket);
  }

  raw(bytes: string): void {
    this.#socket.write(bytes, 'latin1');
  }
  frame(payload: string): void {
    this.raw(`${payload.length}#${payload}`);
  }
  /** Sends a frame and gives the reply to it. */
  ask(id: string, rest: string): Promise<string> {
    this.frame(`${id}|${rest}`);
    return this.next(new RegExp(`\\|response\\|${id}\\|`));
  }
  next(pattern: RegExp, ms?: number): Promise<string> {
    return this.#inbox.next(pattern, ms);
  }
  close(): void {
    this.#socket.destroy();
  }
}

export const sdp = (port = 40000) =>
  [
    'v=0',
    'o=- 100 1 IN IP4 127.0.0.1',
    's=-',
    'c=IN IP4 127.0.0.1',
    't=0 0',
    `m=audio ${port} RTP/AVP 0 8 101`,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=sendrecv',
    '',
  ].join('\r\n');

export const id = () => randomBytes(6).toString('hex');
export const newBranch = () => `z9hG4bK${id()}`;

export type Parts = {
  readonly method: string;
  readonly uri: string;
  readonly callId: string;
  readonly cseq: number;
  readonly fromTag: string;
  readonly toTag?: string;
  readonly branch?: string;
  readonly transport?: 'UDP' | 'TCP';
  readonly headers?: readonly string[];
  readonly contact?: string | null;
  readonly body?: string;
};

/** A complete request of a peer at `port`, as desk phones write it. */
export function request(port: number, parts: Parts): string {
  const { method, uri, callId, cseq, fromTag, toTag, body = '', transport = 'UDP' } = parts;
  const contact = parts.contact === undefined ? `<sip:alice@127.0.0.1:${port}>` : parts.contact;
  return [
    `${method} ${uri} SIP/2.0`,
    `Via: SIP/2.0/${transport} 127.0.0.1:${port};branch=${parts.branch ?? newBranch()};rport`,
    'Max-Forwards: 70',
    `From: <sip:alice@127.0.0.1>;tag=${fromTag}`,
    `To: <sip:bob@127.0.0.1>${toTag === undefined ? '' : `;tag=${toTag}`}`,
    `Call-ID: ${callId}`,
    `CSeq: ${cseq} ${method}`,
    ...(contact === null ? [] : [`Contact: ${contact}`]),
    ...(parts.headers ?? []),
    ...(body === '' || (parts.headers ?? []).some((one) => /^content-type/i.test(one))
      ? []
      : ['Content-Type: application/sdp']),
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

/** A peer's response to a request it received. */
export function response(
  to: string,
  status: number,
  reason: string,
  more: { tag?: string; headers?: readonly string[]; body?: string } = {},
): string {
  const copied =
    to
      .split('\r\n\r\n')[0]
      ?.split('\r\n')
      .filter((line) => /^(Via|From|To|Call-ID|CSeq|Record-Route):/i.test(line)) ?? [];
  const tagged = copied.map((line) =>
    /^To:/i.test(line) && !/;tag=/.test(line) && status > 100 ? `${line};tag=${more.tag ?? 'peertag'}` : line,
  );
  const body = more.body ?? '';
  const type = body === '' ? [] : ['Content-Type: application/sdp'];
  return [
    `SIP/2.0 ${status} ${reason}`,
    ...tagged,
    ...(more.headers ?? []),
    ...type,
    `Content-Length: ${body.length}`,
    '',
    body,
  ].join('\r\n');
}

export const headerOf = (text: string, name: string): string | undefined =>
  new RegExp(`\\r\\n${name}:[ \\t]*([^\\r\\n]*)`, 'i').exec(text)?.[1];
export const tagOf = (text: string, name: 'From' | 'To'): string | undefined =>
  /;tag=([^;\s]+)/.exec(headerOf(text, name) ?? '')?.[1];
export const bodyOf = (text: string): string => text.slice(text.indexOf('\r\n\r\n') + 4);
export const countOf = (text: string, name: string): number =>
  [...text.matchAll(new RegExp(`\\r\\n${name}:`, 'gi'))].length;

/** Resolves with the arguments of the next such event. */
export function event<T = AnySrf>(emitter: AnySrf, name: string): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no ${name} event`)), patienceMs);
    emitter.once(name, (value: T) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/** A promise with its resolver, for what a handler sees. */
export function seen<T = AnySrf>(): { promise: Promise<T>; resolve: (value: T) => void } {
  return Promise.withResolvers<T>();
}
