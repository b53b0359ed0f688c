import type { CallView } from '../api-types.ts';
import { type ConsoleClient, watchCalls } from '../console-client.ts';
import { changesOf } from './call-story.ts';
import { type Part, type PartEvent, startPart } from './part.ts';

export type CallToPlace = {
  readonly from: string;
  readonly to: string;
  /** `2`, or with moments `2@3.5,#@9`. */
  readonly keys: string;
  readonly law: 'PCMU' | 'PCMA';
  /** Hangs up after so long. */
  readonly seconds: number;
  /** Host and port of the clinic's SIP. */
  readonly via: string;
  readonly console: { readonly url: string; readonly login: string; readonly password: string } | null;
};

/** Places a real SIP call with RTP and tells it as it unfolds, each line with the seconds since the INVITE. */
export class PlacedCall {
  /** Resolves with 0 when the call was answered, when all of it has been told. */
  readonly ended: Promise<number>;
  readonly #call: CallToPlace;
  readonly #print: (line: string) => void;
  readonly #answered = Promise.withResolvers<void>();
  readonly #screenEnded = Promise.withResolvers<void>();
  #view: CallView | null = null;
  #startedAt = Number.POSITIVE_INFINITY;
  #part: Part | null = null;

  constructor(call: CallToPlace, print: (line: string) => void) {
    this.#call = call;
    this.#print = print;
    this.ended = this.#run();
  }

  /** Resolves when staff have answered, or the call is over without. */
  get answeredByStaff(): Promise<void> {
    return this.#answered.promise;
  }

  async hangUp(): Promise<void> {
    await this.#part?.stop();
  }

  async #run(): Promise<number> {
    const { from, to, keys, law, seconds, via } = this.#call;
    const screen = await this.#watch();
    const args = ['--from', from, '--to', to, '--via', via, '--keys', keys, '--law', law, '--seconds', String(seconds)];
    this.#part = startPart('embedded/phone/caller.ts', args, process.env, (event) => this.#heard(event));
    const status = await this.#part.ended;
    this.#answered.resolve();
    // The screen's last word comes just after the caller's BYE.
    if (screen && this.#view)
      await Promise.race([this.#screenEnded.promise, new Promise((done) => setTimeout(done, 2_000))]);
    await screen?.close();
    return status;
  }

  async #watch(): Promise<ConsoleClient | null> {
    const { console: account, from } = this.#call;
    if (!account) return null;
    try {
      return await watchCalls(account.url, account, (message, at) => {
        if (message.kind !== 'call') return;
        const { call } = message;
        const ours = this.#view
          ? call.callId === this.#view.callId
          : call.callerNumber === from && at >= this.#startedAt - 50;
        if (!ours) return;
        for (const line of changesOf(this.#view, call)) this.#tell(at, 'screen', line);
        this.#view = call;
        if (call.answeredBy) this.#answered.resolve();
        if (call.state === 'ended') this.#screenEnded.resolve();
      });
    } catch (error) {
      this.#print(`  the screen cannot be watched: ${error instanceof Error ? error.message : String(error)}`);
      return null;
    }
  }

  #heard(event: PartEvent): void {
    if (event.event === 'invite') this.#startedAt = event.at;
    const words = wordsOf(event);
    if (words !== null) this.#tell(event.at, 'caller', words);
  }

  #tell(at: number, who: string, what: string): void {
    const seconds = Math.max(0, at - this.#startedAt) / 1_000;
    this.#print(`  ${`+${seconds.toFixed(3)} s`.padStart(11)}  ${who.padEnd(6)}  ${what}`);
  }
}

function wordsOf(event: PartEvent): string | null {
  switch (event.event) {
    case 'invite':
      return `INVITE from ${event.from} to ${event.to}`;
    case 'provisional':
      return `${event.status} ${event.reason}`;
    case 'answered':
      return `200 OK, audio is ${event.law}`;
    case 'refused':
      return `refused: ${event.status} ${event.reason}`;
    case 'hears-speech':
      return 'hears a voice';
    case 'hears-silence':
      return 'hears silence';
    case 'pressed':
      return `presses ${event.keys}`;
    case 'ended':
      return `the ${event.by} hung up; ${event.packetsHeard} audio packets heard`;
    case 'failed':
      return `failed: ${event.because}`;
    default:
      return null;
  }
}
