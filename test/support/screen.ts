import type { CallView, ServerMessage, SystemHealth } from '../../app/api-types.ts';
import { type ConsoleClient, watchCalls } from '../../app/console-client.ts';

/** A staff screen: logged in, and told of every call over the WebSocket as the console is. Whoever opens it closes it. */
export class Screen {
  /** Everything it was told, newest last. */
  readonly seen: { readonly at: number; readonly call: CallView }[] = [];
  health: SystemHealth | null = null;
  readonly #changed = new EventTarget();
  #client: ConsoleClient | null = null;

  static async open(baseUrl: string, login: string, password: string): Promise<Screen> {
    const screen = new Screen();
    screen.#client = await watchCalls(baseUrl, { login, password }, (message, at) => screen.#receive(message, at));
    return screen;
  }

  /** The first view of a call, seen already or to come, that `wanted` takes. */
  async shows(wanted: (call: CallView) => boolean, timeoutMs = 10_000): Promise<CallView> {
    return this.#until(() => this.seen.find(({ call }) => wanted(call))?.call ?? null, 'such a call', timeoutMs);
  }

  async showsHealth(wanted: (health: SystemHealth) => boolean, timeoutMs = 15_000): Promise<SystemHealth> {
    return this.#until(() => (this.health && wanted(this.health) ? this.health : null), 'such health', timeoutMs);
  }

  async close(): Promise<void> {
    await this.#client?.close();
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

  #receive(message: ServerMessage, at: number): void {
    if (message.kind === 'snapshot') {
      this.health = message.health;
      for (const call of message.calls) this.seen.push({ at, call });
    } else if (message.kind === 'call') this.seen.push({ at, call: message.call });
    else if (message.kind === 'health') this.health = message.health;
    this.#changed.dispatchEvent(new Event('change'));
  }
}
