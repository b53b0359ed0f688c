import type { Timers } from './timers.ts';
import type { Endpoint, Flow, Listener, Protocol } from './transport.ts';

/* A wire and a clock that tests hold in their hand. */

/** Timers that run only when told to. */
export class FakeTimers implements Timers {
  #now = 0;
  #pending: { at: number; run: () => void }[] = [];

  now(): number {
    return this.#now;
  }
  after(ms: number, run: () => void) {
    const entry = { at: this.#now + ms, run };
    this.#pending.push(entry);
    return {
      cancel: () => {
        this.#pending = this.#pending.filter((one) => one !== entry);
      },
    };
  }
  /** Lets `ms` pass, running what falls due in order. */
  pass(ms: number): void {
    const end = this.#now + ms;
    for (;;) {
      const next = this.#pending.filter((one) => one.at <= end).sort((a, b) => a.at - b.at)[0];
      if (!next) break;
      this.#pending = this.#pending.filter((one) => one !== next);
      this.#now = next.at;
      next.run();
    }
    this.#now = end;
  }
  get pending(): number {
    return this.#pending.length;
  }
}

/** A flow that keeps what is sent, with the time of it. */
export class FakeFlow implements Flow {
  readonly local = { address: '192.0.2.1', port: 5060 };
  readonly remote: Endpoint;
  readonly protocol: Protocol;
  open = true;
  readonly sent: { readonly at: number; readonly text: string }[] = [];
  readonly #timers: Timers;
  readonly #watchers = new Set<(error: Error) => void>();

  constructor(timers: Timers, protocol: Protocol, remote: Endpoint = { address: '192.0.2.2', port: 5060 }) {
    this.#timers = timers;
    this.protocol = protocol;
    this.remote = remote;
  }
  send(text: string): void {
    this.sent.push({ at: this.#timers.now(), text });
  }
  onClose(closed: (error: Error) => void): () => void {
    this.#watchers.add(closed);
    return () => void this.#watchers.delete(closed);
  }
  probe(): void {}
  fail(): void {
    this.open = false;
    for (const tell of [...this.#watchers]) tell(new Error('lost'));
  }
  /** Times of everything sent that matches, ms. */
  times(pattern: RegExp): number[] {
    return this.sent.filter(({ text }) => pattern.test(text)).map(({ at }) => at);
  }
}

export function fakeListener(flow: FakeFlow): Listener {
  return {
    protocol: flow.protocol,
    local: flow.local,
    flowTo: () => flow,
    existing: () => flow,
    close: () => Promise.resolve(),
  };
}
