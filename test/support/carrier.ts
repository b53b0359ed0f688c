import { RtpPort } from '../../embedded/phone/rtp-port.ts';
import { answerSdp } from '../../embedded/phone/sdp.ts';
import { sine } from '../../embedded/phone/tone.ts';
import { type IncomingCall, UserAgent } from '../../embedded/phone/user-agent.ts';
import type { Clinic } from './clinic.ts';
import { PhoneCall } from './raw-phone.ts';
import { until } from './until.ts';

/** The far end of a trunk that takes our calls: keeps each INVITE, and does with it what the test says. */
export class Carrier {
  readonly calls: IncomingCall[] = [];
  readonly talking: PhoneCall[] = [];
  /** 'silence': not a word. A status: that refusal. */
  does: 'answers' | 'rings' | 'silence' | number = 'answers';
  readonly #agent: UserAgent;
  readonly #hertz: number;

  static async open(toneHertz = 880): Promise<Carrier> {
    return new Carrier(await UserAgent.open(), toneHertz);
  }

  private constructor(agent: UserAgent, hertz: number) {
    this.#agent = agent;
    this.#hertz = hertz;
    agent.onIncoming = (call) => {
      this.calls.push(call);
      void this.#take(call);
    };
  }

  get uri(): string {
    return `sip:127.0.0.1:${this.#agent.port}`;
  }

  async nextCall(timeoutMs = 20_000): Promise<IncomingCall> {
    return until(() => this.calls.at(-1) ?? null, 'a call at the carrier', timeoutMs);
  }

  async close(): Promise<void> {
    await Promise.all(this.talking.map((call) => call.close()));
    await this.#agent.close();
  }

  async #take(call: IncomingCall): Promise<void> {
    if (this.does === 'silence') return;
    if (typeof this.does === 'number') {
      call.refuse(this.does, 'Refused');
      return;
    }
    call.ring();
    if (this.does === 'rings' || !call.offer) return;
    const rtp = await RtpPort.open();
    rtp.play(sine(this.#hertz, 1_000));
    const dialog = call.answer(answerSdp(rtp.address, rtp.port, call.offer));
    rtp.talkTo(call.offer);
    this.talking.push(new PhoneCall(dialog, rtp));
  }
}

/** A trunk that sends our calls to `carrier`; resolves when the app calls by it. `more`: columns of the table. */
export async function openTrunk(
  clinic: Clinic,
  name: string,
  carrier: Carrier,
  more: Readonly<Record<string, string | number | boolean>> = {},
): Promise<void> {
  const row = { name, source: '{}', outbound_uri: carrier.uri, ...more };
  const columns = Object.keys(row);
  const places = columns.map((_, i) => `$${i + 1}`).join(', ');
  await clinic.rows(`insert into trunk (${columns.join(', ')}) values (${places})`, Object.values(row));
  await until(
    async () => ((await clinic.metric('chartline_trunk_up', `{trunk="${name}"}`)) === 1 ? true : null),
    `trunk ${name} to be up`,
    20_000,
  );
}
