import { connect, createServer, type Server, type Socket } from 'node:net';
import { ByteQueue } from './byte-queue.ts';
import { localAddressTowards } from './local-address.ts';
import { maxHeadChars, maxMessageChars } from './message.ts';
import type { Timer, Timers } from './timers.ts';
import type { Endpoint, Flow, Listener, OnMessage } from './transport.ts';

const maxConnections = 4096;
/** A peer that stops reading is cut off before its backlog becomes our memory. */
const maxBacklogBytes = 1024 * 1024;
const connectMs = 5_000;
/** How long the rest of a begun message may take. */
const messageMs = 32_000;

/** Listens on TCP. Rejects with Node's error. */
export async function listenTcp(host: string, port: number, onMessage: OnMessage, timers: Timers): Promise<Listener> {
  const connections = new Map<string, TcpFlow>();
  const server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 60_000 });
  server.maxConnections = maxConnections;
  await bind(server, host, port);
  server.on('error', () => {}); // accept failures (EMFILE) concern one connection
  const bound = server.address() as { address: string; port: number };

  const adopt = (socket: Socket, remote: Endpoint): TcpFlow => {
    const local = { address: localAddressTowards(bound.address, remote.address), port: bound.port };
    const flow = new TcpFlow(socket, local, remote, timers, onMessage);
    const key = keyOf(remote);
    connections.set(key, flow);
    socket.once('close', () => {
      if (connections.get(key) === flow) connections.delete(key);
    });
    return flow;
  };
  server.on('connection', (socket) => {
    const { remoteAddress, remotePort } = socket;
    if (remoteAddress === undefined || remotePort === undefined) socket.destroy();
    else adopt(socket, { address: remoteAddress, port: remotePort });
  });
  const existing = (remote: Endpoint): Flow | null => {
    const flow = connections.get(keyOf(remote));
    return flow?.open ? flow : null;
  };
  return {
    protocol: 'tcp',
    local: { address: bound.address, port: bound.port },
    existing,
    flowTo: (remote) => existing(remote) ?? adopt(dial(remote, bound.address, timers), remote),
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const flow of connections.values()) flow.destroy();
      await closed;
    },
  };
}

function dial(remote: Endpoint, from: string, timers: Timers): Socket {
  const wildcard = from === '0.0.0.0' || from === '::';
  const socket = connect({
    host: remote.address,
    port: remote.port,
    noDelay: true,
    ...(wildcard ? {} : { localAddress: from }),
  });
  const giveUp = timers.after(connectMs, () => socket.destroy(new Error('connect timed out')));
  socket.once('connect', () => giveUp.cancel());
  socket.once('close', () => giveUp.cancel());
  return socket;
}

function bind(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve();
    });
  });
}

const keyOf = (remote: Endpoint) => `${remote.address} ${remote.port}`;

class TcpFlow implements Flow {
  readonly protocol = 'tcp';
  readonly local: Endpoint;
  readonly remote: Endpoint;
  readonly #socket: Socket;
  readonly #onMessage: OnMessage;
  readonly #timers: Timers;
  readonly #bytes = new ByteQueue();
  #scanned = 0;
  #deadline: Timer | null = null;
  #error: Error | null = null;
  #failures = new Set<(error: Error) => void>();

  constructor(socket: Socket, local: Endpoint, remote: Endpoint, timers: Timers, onMessage: OnMessage) {
    this.#socket = socket;
    this.local = local;
    this.remote = remote;
    this.#timers = timers;
    this.#onMessage = onMessage;
    socket.on('data', (chunk) => this.#read(chunk));
    socket.on('error', (error) => {
      this.#error = error;
    });
    socket.on('close', () => this.#closed());
  }

  get open(): boolean {
    return !this.#socket.destroyed && this.#socket.writable;
  }

  send(text: string, onError?: (error: Error) => void): void {
    if (!this.open) {
      setImmediate(() => onError?.(this.#error ?? new Error('connection closed')));
      return;
    }
    if (onError) this.#failures.add(onError);
    this.#socket.write(text, 'latin1', () => {
      if (onError) this.#failures.delete(onError);
    });
    if (this.#socket.writableLength > maxBacklogBytes) this.#socket.destroy(new Error('peer does not read'));
  }

  onClose(closed: (error: Error) => void): () => void {
    this.#failures.add(closed);
    return () => void this.#failures.delete(closed);
  }

  probe(): void {}

  destroy(): void {
    this.#socket.destroy();
  }

  #closed(): void {
    this.#deadline?.cancel();
    const failures = this.#failures;
    this.#failures = new Set();
    for (const tell of failures) tell(this.#error ?? new Error('connection closed'));
  }

  #read(chunk: Buffer): void {
    this.#bytes.push(chunk);
    while (this.open && this.#readOne());
    if (this.#bytes.length === 0) {
      this.#deadline?.cancel();
      this.#deadline = null;
    } else {
      this.#deadline ??= this.#timers.after(messageMs, () => this.#socket.destroy(new Error('message never ended')));
    }
  }

  /** Takes one message or keep-alive from the front; false when more bytes are needed. */
  #readOne(): boolean {
    const bytes = this.#bytes;
    if (this.#scanned === 0 && bytes.byteAt(0) === 13 && bytes.length > 0) {
      // RFC 5626 §3.5.1: CRLFCRLF is a ping, answered by CRLF. A lone CRLF before a message is skipped (RFC 3261 §7.5).
      const front = bytes.peek(0, Math.min(4, bytes.length));
      if (front === '\r\n\r\n') this.#socket.write('\r\n');
      else if (front.length < 4 && '\r\n\r\n'.startsWith(front)) return false;
      else if (!front.startsWith('\r\n')) return this.#give(bytes.length);
      bytes.shift(front === '\r\n\r\n' ? 4 : 2);
      return bytes.length > 0;
    }
    const headEnd = bytes.indexOf('\r\n\r\n', Math.max(0, this.#scanned - 3));
    if (headEnd < 0) {
      this.#scanned = bytes.length;
      if (bytes.length > maxHeadChars) this.#socket.destroy(new Error('head too long'));
      return false;
    }
    this.#scanned = headEnd;
    const head = bytes.peek(0, headEnd);
    const length = contentLength(head);
    // RFC 3261 §18.3: without a usable Content-Length the stream cannot be framed any further.
    if (length === null || !/^[^\r\n]*SIP\//.test(head)) return this.#give(headEnd + 4);
    const total = headEnd + 4 + length;
    if (total > maxMessageChars) this.#socket.destroy(new Error('message too long'));
    if (total > maxMessageChars || bytes.length < total) return false;
    this.#scanned = 0;
    this.#onMessage(bytes.shift(total), this);
    return bytes.length > 0;
  }

  /** Last message of a stream that lost its framing: the parser answers it with 400, then the connection ends. */
  #give(count: number): boolean {
    this.#onMessage(this.#bytes.shift(count), this);
    this.#socket.end();
    this.#socket.pause();
    return false;
  }
}

/** Null when the header is there and unreadable; 0 when it is missing, as peers that send no body may leave it out. */
function contentLength(head: string): number | null {
  const value = /\r\n(?:content-length|l)[ \t]*:[ \t]*([^\r\n]*)/i.exec(head)?.[1]?.trim() ?? '0';
  return /^\d{1,8}$/.test(value) ? Number(value) : null;
}
