import type { Signaling } from '../sip/ports.ts';
import type { OutboundTrunk } from './calls/deps.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

type On = {
  readonly signaling: Pick<Signaling, 'register'>;
  readonly trunks: () => readonly OutboundTrunk[];
  readonly metrics: Pick<Metrics, 'trunkRegistered'>;
  readonly log: Logger;
};
type Auth = NonNullable<OutboundTrunk['auth']>;

const askSeconds = 600;
const retryMs = { first: 2_000, most: 60_000 } as const;

/** Keeps us registered at each carrier that wants it. Trunks are apart: one that refuses does not hold up another. */
export class TrunkRegistrations {
  readonly #on: On;
  readonly #kept = new Map<string, Registration>();

  constructor(on: On) {
    this.#on = on;
  }

  /** Begins and ends registrations as the trunks now say. */
  follow(): void {
    const wanted = new Map<string, { trunk: OutboundTrunk; auth: Auth }>();
    for (const trunk of this.#on.trunks())
      if (trunk.register && trunk.auth) wanted.set(keyOf(trunk, trunk.auth), { trunk, auth: trunk.auth });
    for (const [key, registration] of this.#kept) {
      if (wanted.has(key)) continue;
      this.#kept.delete(key);
      void registration.end();
    }
    for (const [key, { trunk, auth }] of wanted) {
      if (!this.#kept.has(key)) this.#kept.set(key, new Registration(trunk, auth, this.#on));
    }
  }

  /** Unbinds everywhere. */
  async close(): Promise<void> {
    await Promise.all([...this.#kept.values()].map((registration) => registration.end()));
    this.#kept.clear();
  }
}

const keyOf = ({ name, outboundUri }: OutboundTrunk, { username, password }: Auth): string =>
  JSON.stringify([name, outboundUri, username, password]);

class Registration {
  readonly #trunk: OutboundTrunk;
  readonly #auth: Auth;
  readonly #on: On;
  #timer: NodeJS.Timeout | undefined;
  #failures = 0;
  #ended = false;

  constructor(trunk: OutboundTrunk, auth: Auth, on: On) {
    this.#trunk = trunk;
    this.#auth = auth;
    this.#on = on;
    void this.#refresh();
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#timer);
    this.#on.metrics.trunkRegistered.remove({ trunk: this.#trunk.name });
    await this.#ask(0);
  }

  async #refresh(): Promise<void> {
    const granted = await this.#ask(askSeconds);
    if (this.#ended) return;
    const { name } = this.#trunk;
    this.#on.metrics.trunkRegistered.set({ trunk: name }, granted === null ? 0 : 1);
    if (granted === null) {
      if (this.#failures === 0) this.#on.log.warn({ trunk: name }, 'not registered at the carrier');
      const wait = Math.min(retryMs.first * 2 ** this.#failures, retryMs.most);
      this.#failures += 1;
      this.#again(wait);
      return;
    }
    if (this.#failures > 0) this.#on.log.info({ trunk: name }, 'registered at the carrier');
    this.#failures = 0;
    // Half of what was granted: one lost refresh does not end it.
    this.#again(Math.max(5, granted / 2) * 1_000);
  }

  #again(ms: number): void {
    this.#timer = setTimeout(() => void this.#refresh(), ms).unref();
  }

  #ask(expiresSeconds: number): Promise<number | null> {
    const { outboundUri } = this.#trunk;
    return this.#on.signaling.register({
      registrar: outboundUri,
      auth: this.#auth,
      expiresSeconds,
    });
  }
}
