import { once } from 'node:events';
import WebSocket from 'ws';
import type { CallView, ServerMessage, SystemHealth } from '../../app/api-types.ts';

/** A staff screen: logged in, and told of every call over the WebSocket as the console is. Whoever opens it closes it. */
export class Screen {
  /** Everything it was told, newest last. */
  readonly seen: { readonly at: number; readonly call: CallView }[] = [];
  health: SystemHealth | null = null;
  readonly #socket: WebSocket;
  readonly #changed = new EventTarget();

  static async open(baseUrl: string, login: string, password: string): Promise<Screen> {
    const response = await fetch(`${baseUrl}/api/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', origin: baseUrl },
      body: JSON.stringify({ login, password }),
    });
    if (!response.ok) throw new Error(`login of ${login}: ${response.status} ${await response.text()}`);
    const cookie = response.headers
      .getSetCookie()
      .map((line) => line.split(';')[0])
      .join('; ');
    const socket = new WebSocket(`${baseUrl.replace('http', 'ws')}/api/events`, {
      headers: { cookie, origin: baseUrl },
    });
    const screen = new Screen(socket);
    await once(socket, 'open');
    await screen.#until(() => screen.health, 'a snapshot', 5_000);
    return screen;
  }

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.on('message', (data) => this.#receive(JSON.parse(String(data)) as ServerMessage));
  }

  /** The first view of a call, seen already or to come, that `wanted` takes. */
  async shows(wanted: (call: CallView) => boolean, timeoutMs = 10_000): Promise<CallView> {
    return this.#until(() => this.seen.find(({ call }) => wanted(call))?.call ?? null, 'such a call', timeoutMs);
  }

  async showsHealth(wanted: (health: SystemHealth) => boolean, timeoutMs = 15_000): Promise<SystemHealth> {
    return this.#until(() => (this.health && wanted(this.health) ? this.health : null), 'such health', timeoutMs);
  }

  async close(): Promise<void> {
    if (this.#socket.readyState === WebSocket.CLOSED) return;
    this.#socket.close();
    await once(this.#socket, 'close');
  }

  async #until<T>(found: () => T | null, what: string, timeoutMs: number): Promise<T> {
    const signal = AbortSignal.timeout(timeoutMs);
    for (;;) {
      const value = found();
      if (value !== null) return value;
      if (signal.aborted) {
        const story = this.seen.map(({ call }) => `${call.state} ${call.match} ${call.ringing.join(',')}`).join('\n');
        throw new Error(`the screen never showed ${what}; it showed\n${story}\n${JSON.stringify(this.health)}`);
      }
      await new Promise<void>((resolve) => {
        const done = new AbortController();
        const wake = () => {
          done.abort();
          resolve();
        };
        this.#changed.addEventListener('change', wake, { signal: done.signal });
        signal.addEventListener('abort', wake, { signal: done.signal });
      });
    }
  }

  #receive(message: ServerMessage): void {
    if (message.kind === 'snapshot') {
      this.health = message.health;
      for (const call of message.calls) this.seen.push({ at: Date.now(), call });
    } else if (message.kind === 'call') this.seen.push({ at: Date.now(), call: message.call });
    else if (message.kind === 'health') this.health = message.health;
    this.#changed.dispatchEvent(new Event('change'));
  }
}
