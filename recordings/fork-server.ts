import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';

/** mod_audio_fork's default; offered by both engines. */
export const subprotocol = 'audio.drachtio.org';
/** The module sends up to 5 s at once (MOD_AUDIO_FORK_BUFFER_SECS): 160 kB of stereo. */
const maxMessageBytes = 256 * 1024;
const pingEveryMs = 5000;

/** Who takes one connection's audio. Called in order: connected, audio…, disconnected. */
export type ForkSink = {
  connected(): unknown;
  audio(pcm: Buffer): unknown;
  /** `clean`: the media server closed it, as it does when the fork or its channel ends. */
  disconnected(clean: boolean): unknown;
};

export type ExpectedFork = {
  /** For the media server; holds a token that opens one connection, once. */
  readonly url: string;
  /** Refuses the connection from now on, or closes it. */
  cancel(): void;
};

export type ForkServerOptions = {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Host name or address by which the media server reaches it; default: `host`. */
  readonly advertisedHost?: string;
  /** PEM. With it forks come by wss only. */
  readonly tls?: { readonly cert: string | Buffer; readonly key: string | Buffer };
};

type Expected = { readonly sink: ForkSink; socket: WebSocket | null };

/** Takes call audio from the media server: one WebSocket a fork (mod_audio_fork's protocol). */
export class ForkServer {
  readonly #http: Server;
  readonly #baseUrl: string;
  readonly #expected = new Map<string, Expected>();
  readonly #sockets = new WebSocketServer({
    noServer: true,
    maxPayload: maxMessageBytes,
    perMessageDeflate: false,
    handleProtocols: (offered) => (offered.has(subprotocol) ? subprotocol : false),
  });

  private constructor(http: Server, baseUrl: string) {
    this.#http = http;
    this.#baseUrl = baseUrl;
    http.on('upgrade', (request, socket, head) => this.#upgrade(request, socket, head));
  }

  /** Listens. Throws one line that names the setting when the port is taken. */
  static async listen({ host, port, advertisedHost = host, tls }: ForkServerOptions): Promise<ForkServer> {
    const notFound = (_request: IncomingMessage, response: ServerResponse) => response.writeHead(404).end();
    const http = tls ? createTlsServer({ ...tls, minVersion: 'TLSv1.2' }, notFound) : createServer(notFound);
    http.listen(port, host);
    try {
      await once(http, 'listening');
    } catch (cause) {
      const because = (cause as NodeJS.ErrnoException).code ?? 'failed';
      throw new Error(`recorder cannot listen on ${host}:${port} (${because}); see CHARTLINE_FORK_PORT`, { cause });
    }
    const { port: bound } = http.address() as AddressInfo;
    const authority = advertisedHost.includes(':') ? `[${advertisedHost}]:${bound}` : `${advertisedHost}:${bound}`;
    return new ForkServer(http, `${tls ? 'wss' : 'ws'}://${authority}`);
  }

  /** Gives a URL for one connection, whose audio goes to `sink`. */
  expect(sink: ForkSink): ExpectedFork {
    const token = randomBytes(24).toString('base64url');
    const expected: Expected = { sink, socket: null };
    this.#expected.set(token, expected);
    return {
      url: `${this.#baseUrl}/fork/${token}`,
      cancel: () => {
        this.#expected.delete(token);
        expected.socket?.close(1000);
      },
    };
  }

  /** Ends every connection. */
  async close(): Promise<void> {
    for (const socket of this.#sockets.clients) socket.terminate();
    this.#http.closeAllConnections();
    this.#http.close();
    await once(this.#http, 'close');
  }

  #upgrade(request: IncomingMessage, raw: Duplex, head: Buffer): void {
    raw.on('error', () => raw.destroy());
    const token = /^\/fork\/([\w-]{32})$/.exec(request.url ?? '')?.[1] ?? '';
    const expected = this.#expected.get(token);
    if (!expected) {
      raw.end(`HTTP/1.1 404 ${STATUS_CODES[404]}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return;
    }
    this.#expected.delete(token);
    (raw as Socket).setNoDelay(true);
    this.#sockets.handleUpgrade(request, raw, head, (socket) => serve(socket, expected));
  }
}

function serve(socket: WebSocket, expected: Expected): void {
  const { sink } = expected;
  expected.socket = socket;
  // A media server that vanished without a word sends no pong; audio alone proves nothing, a held leg sends none.
  let answered = true;
  const pings = setInterval(() => {
    if (!answered) return socket.terminate();
    answered = false;
    socket.ping();
  }, pingEveryMs);
  socket.on('pong', () => {
    answered = true;
  });
  socket.on('message', (data, isBinary) => {
    answered = true;
    if (isBinary) sink.audio(data as Buffer); // text is our own metadata come back
  });
  socket.on('error', () => socket.terminate());
  socket.on('close', (code) => {
    clearInterval(pings);
    sink.disconnected(code === 1000);
  });
  sink.connected();
}
