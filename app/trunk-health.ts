import { uriOf } from '../sip/number-format.ts';
import type { Signaling } from '../sip/ports.ts';
import type { OutboundTrunk } from './calls/deps.ts';
import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

type On = {
  readonly signaling: Pick<Signaling, 'options'>;
  readonly trunks: () => readonly OutboundTrunk[];
  readonly metrics: Pick<Metrics, 'trunkUp'>;
  readonly log: Logger;
};

const everyMs = 30_000;
const answerMs = 4_000;

/**
 * Which trunks answer OPTIONS. One that does not is tried last, never left out: the question may be lost where a call
 * is not. Any answer counts (RFC 3261 §11.2): a carrier may refuse OPTIONS and still take calls.
 */
export class TrunkHealth {
  readonly #on: On;
  readonly #down = new Set<string>();
  #timer: NodeJS.Timeout | undefined;

  constructor(on: On) {
    this.#on = on;
  }

  start(intervalMs = everyMs): void {
    void this.check();
    this.#timer = setInterval(() => void this.check(), intervalMs).unref();
  }

  close(): void {
    clearInterval(this.#timer);
  }

  isUp(trunk: string): boolean {
    return !this.#down.has(trunk);
  }

  async check(): Promise<void> {
    const trunks = this.#on.trunks();
    for (const name of this.#down)
      if (!trunks.some((trunk) => trunk.name === name)) {
        this.#down.delete(name);
        this.#on.metrics.trunkUp.remove({ trunk: name });
      }
    await Promise.all(
      trunks.map(async ({ name, outboundUri }) => {
        const status = await this.#on.signaling.options(uriOf('ping', outboundUri), answerMs);
        this.#set(name, status !== null && status !== 408 && status !== 503);
      }),
    );
  }

  #set(name: string, up: boolean): void {
    this.#on.metrics.trunkUp.set({ trunk: name }, up ? 1 : 0);
    if (up === this.isUp(name)) return;
    if (up) this.#down.delete(name);
    else this.#down.add(name);
    this.#on.log[up ? 'info' : 'warn']({ trunk: name }, up ? 'trunk is up' : 'trunk is down');
  }
}
