import { createHash, randomUUID, timingSafeEqual } from 'node:crypto';
import { createServer, type Server, type Socket } from 'node:net';
import type { Timer, Timers } from '../sip/timers.ts';
import { FrameReader, frame } from './wire.ts';

/** An application that stops reading is cut off here; its calls then count as abandoned, like after any loss. */
const maxBacklogBytes = 64 * 1024 * 1024;
const authenticateMs = 10_000;

/** One application's connection. */
export class App {
  readonly verbs = new Set<string>();
  readonly #socket: Socket;
  authenticated = false;
  #corked = false;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  get connected(): boolean {
    return this.authenticated && !this.#socket.destroyed && this.#socket.writable;
  }

  /** Sends `<new id>|<rest>`. Does nothing once the connection is gone. */
  send(rest: string) {
    if (this.#socket.destroyed || !this.#socket.writable) return;
    if (!this.#corked) {
      // All frames of one turn of the event loop leave in one write.
      this.#corked = true;
      this.#socket.cork();
      setImmediate(() => {
        this.#corked = false;
        this.#socket.uncork();
      });
    }
    this.#socket.write(frame(`${randomUUID()}|${rest}`), 'latin1');
    if (this.#socket.writableLength > maxBacklogBytes) this.#socket.destroy();
  }

  reply(id: string, rest: string) {
    this.send(`response|${id}|${rest}`);
  }

  end() {
    this.#socket.end();
  }

  destroy() {
    this.#socket.destroy();
  }
}

export type SipFrame = {
  readonly id: string;
  readonly txnId: string;
  readonly dialogId: string;
  /** Outbound proxy, empty when none. */
  readonly routeUrl: string;
  readonly text: string;
};

export type AppServerOptions = {
  readonly host: string;
  readonly port: number;
  readonly secret: string;
  readonly timers: Timers;
  /** Fields of the reply to `authenticate` after `OK`. */
  readonly greeting: string;
  readonly onSip: (app: App, frame: SipFrame) => void;
  readonly onProxy: (app: App, id: string, fields: readonly string[], text: string) => void;
  readonly onClosed: (app: App) => void;
};

/** The admin port: connections, authentication and the round robin over routed verbs. */
export class AppServer {
  readonly #options: AppServerOptions;
  readonly #server: Server;
  readonly #apps = new Set<App>();
  readonly #turn = new Map<string, number>();

  constructor(options: AppServerOptions) {
    this.#options = options;
    this.#server = createServer({ noDelay: true, keepAlive: true, keepAliveInitialDelay: 45_000 }, (socket) =>
      this.#accept(socket),
    );
  }

  /** Resolves with the bound port; rejects with Node's error. */
  listen(): Promise<number> {
    const { host, port } = this.#options;
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        this.#server.on('error', () => {});
        resolve((this.#server.address() as { port: number }).port);
      });
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    for (const app of this.#apps) app.destroy();
    await closed;
  }

  /** The application whose turn it is among those that routed `method`, or null. */
  next(method: string): App | null {
    const verb = method.toLowerCase();
    const able = [...this.#apps].filter((app) => app.connected && app.verbs.has(verb));
    const turn = this.#turn.get(verb) ?? 0;
    this.#turn.set(verb, turn + 1);
    return able[turn % able.length] ?? null;
  }

  #accept(socket: Socket) {
    const app = new App(socket);
    const reader = new FrameReader();
    const stranger: Timer = this.#options.timers.after(authenticateMs, () => {
      if (!app.authenticated) socket.destroy();
    });
    this.#apps.add(app);
    socket.on('data', (chunk) => {
      const payloads = reader.push(chunk);
      if (payloads === null) socket.destroy();
      else for (const payload of payloads) if (socket.writable) this.#take(app, payload);
    });
    socket.on('error', () => {}); // 'close' follows
    socket.on('close', () => {
      stranger.cancel();
      this.#apps.delete(app);
      this.#options.onClosed(app);
    });
  }

  #take(app: App, payload: string) {
    const lineEnd = payload.indexOf('\r\n');
    const meta = lineEnd < 0 ? payload : payload.slice(0, lineEnd);
    const text = lineEnd < 0 ? '' : payload.slice(lineEnd + 2);
    const fields = meta.split('|');
    const [id = '', type = ''] = fields;
    if (type === 'authenticate') return this.#authenticate(app, id, fields);
    // The real server forgets to ask; whoever reaches the port would own every call.
    if (!app.authenticated) return this.#refuse(app, id, 'not authenticated');
    const [, , first = '', second = '', third = ''] = fields;
    switch (type) {
      case 'route':
        app.verbs.add(first.toLowerCase());
        return app.reply(id, 'OK');
      case 'remove_route':
        app.verbs.delete(first.toLowerCase());
        return app.reply(id, 'OK');
      case 'ping':
        return app.reply(id, 'OK|pong');
      case 'sip':
        if (text.startsWith('SIP/') && first === '') return this.#refuse(app, id, 'transaction id missing');
        if (text === '') return this.#refuse(app, id, 'Invalid message format');
        return this.#options.onSip(app, { id, txnId: first, dialogId: second, routeUrl: third, text });
      case 'proxy':
        if (fields.length < 10) {
          return this.#refuse(app, id, 'Invalid proxy request: not enough information provided');
        }
        return this.#options.onProxy(app, id, fields.slice(2), text);
      default:
        return this.#refuse(app, id, 'Unknown message type');
    }
  }

  #authenticate(app: App, id: string, fields: readonly string[]) {
    const digest = (text: string) => createHash('sha256').update(text, 'latin1').digest();
    if (!timingSafeEqual(digest(fields[2] ?? ''), digest(this.#options.secret))) {
      return this.#refuse(app, id, 'incorrect secret');
    }
    app.authenticated = true;
    app.reply(id, `OK|${this.#options.greeting}`);
  }

  /** `NO` means that the connection ends. */
  #refuse(app: App, id: string, why: string) {
    app.reply(id, `NO|${why}`);
    app.end();
  }
}
