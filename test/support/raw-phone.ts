import type { PhoneDialog } from '../../embedded/phone/dialog.ts';
import { RtpPort } from '../../embedded/phone/rtp-port.ts';
import { answerSdp, composeSdp, readSdp } from '../../embedded/phone/sdp.ts';
import { sine } from '../../embedded/phone/tone.ts';
import { type CallResult, type IncomingCall, UserAgent } from '../../embedded/phone/user-agent.ts';
import { until } from './until.ts';

/*
 * A desk phone told what to send, message by message: for what baresip cannot do (attended transfer) or does too
 * helpfully (it hangs up with a failed transfer). Each of its calls has audio of its own.
 */

export type RawPhoneOptions = {
  readonly extension: string;
  readonly secret: string;
  readonly registrar: { readonly address: string; readonly port: number };
  readonly toneHertz: number;
};

export class RawPhone {
  readonly #options: RawPhoneOptions;
  readonly #agent: UserAgent;
  readonly #incoming: IncomingCall[] = [];
  readonly #calls: PhoneCall[] = [];

  /** Registered. Whoever opens it closes it. */
  static async open(options: RawPhoneOptions): Promise<RawPhone> {
    const agent = await UserAgent.open();
    const phone = new RawPhone(options, agent);
    const status = await agent.register(options.registrar, 'chartline', phone.#credentials, 120);
    if (status !== 200) throw new Error(`not registered: ${status}`);
    return phone;
  }

  private constructor(options: RawPhoneOptions, agent: UserAgent) {
    this.#options = options;
    this.#agent = agent;
    agent.onIncoming = (call) => {
      call.ring();
      this.#incoming.push(call);
    };
  }

  get #credentials() {
    return { user: this.#options.extension, secret: this.#options.secret };
  }

  /** The call that rings, or the next that will. */
  rings(timeoutMs = 40_000): Promise<IncomingCall> {
    return until(() => this.#incoming.shift() ?? null, `a call to ${this.#options.extension}`, timeoutMs);
  }

  async answers(call: IncomingCall): Promise<PhoneCall> {
    if (!call.offer) throw new Error('no offer of G.711');
    const rtp = await this.#audio();
    const dialog = call.answer(answerSdp(rtp.address, rtp.port, call.offer));
    rtp.talkTo(call.offer);
    return this.#keep(dialog, rtp);
  }

  /** Rejects when it is refused. */
  async dials(number: string): Promise<PhoneCall> {
    const { call, result } = await this.tries(number);
    if (!call) throw new Error(`${number}: ${JSON.stringify(result)}`);
    return call;
  }

  async tries(number: string, signal?: AbortSignal): Promise<{ call: PhoneCall | null; result: CallResult }> {
    const rtp = await this.#audio();
    const result = await this.#agent.call({
      to: number,
      from: this.#options.extension,
      via: this.#options.registrar,
      sdp: composeSdp(rtp.address, rtp.port, ['PCMU']),
      credentials: this.#credentials,
      ...(signal && { signal }),
    });
    if (result.kind === 'refused') {
      rtp.close();
      return { call: null, result };
    }
    rtp.talkTo(result.media);
    return { call: this.#keep(result.dialog, rtp), result };
  }

  async close(): Promise<void> {
    await Promise.all(this.#calls.map((call) => call.close()));
    await this.#agent.register(this.#options.registrar, 'chartline', this.#credentials, 0);
    await this.#agent.close();
  }

  async #audio(): Promise<RtpPort> {
    const rtp = await RtpPort.open();
    rtp.play(sine(this.#options.toneHertz, 1_000));
    return rtp;
  }

  #keep(dialog: PhoneDialog, rtp: RtpPort): PhoneCall {
    const call = new PhoneCall(dialog, rtp);
    this.#calls.push(call);
    return call;
  }
}

export class PhoneCall {
  readonly dialog: PhoneDialog;
  readonly rtp: RtpPort;
  /** Status lines of the NOTIFYs so far. */
  readonly progress: string[] = [];
  #over = false;

  constructor(dialog: PhoneDialog, rtp: RtpPort) {
    this.dialog = dialog;
    this.rtp = rtp;
    dialog.onNotify = (body) => this.progress.push(body.trim());
    dialog.onMedia = (media) => rtp.talkTo(media);
    void dialog.ended.then(() => {
      this.#over = true;
    });
  }

  async holds(): Promise<void> {
    await this.#offer('sendonly');
  }

  async resumes(): Promise<void> {
    await this.#offer('sendrecv');
  }

  /** Blind, or with `consultation` attended (Replaces); resolves with the status of the REFER. */
  async refers(to: string, consultation?: PhoneCall): Promise<number> {
    const replaces = consultation && replacesOf(consultation.dialog);
    const target = `<sip:${to}@chartline${replaces ? `?Replaces=${encodeURIComponent(replaces)}` : ''}>`;
    return (await this.dialog.request('REFER', [['Refer-To', target]])).status;
  }

  async transferEnds(timeoutMs = 40_000): Promise<string> {
    return until(
      () => this.progress.find((line) => !/ 1\d\d /.test(line)) ?? null,
      'the end of the transfer',
      timeoutMs,
    );
  }

  async isReleased(timeoutMs = 15_000): Promise<void> {
    await until(() => (this.#over ? true : null), 'a BYE from the clinic', timeoutMs);
  }

  get over(): boolean {
    return this.#over;
  }

  async close(): Promise<void> {
    await this.dialog.hangUp();
    this.rtp.close();
  }

  async #offer(direction: 'sendonly' | 'sendrecv'): Promise<void> {
    const { address, port } = this.rtp;
    const sdp = composeSdp(address, port, ['PCMU'], 101, direction);
    const response = await this.dialog.request('INVITE', [['Content-Type', 'application/sdp']], sdp);
    const media = readSdp(response.body);
    if (response.status !== 200 || !media) throw new Error(`re-INVITE: ${response.status}`);
    this.rtp.talkTo(media);
  }
}

/** RFC 3891 §3: as the other end of that dialog knows it. */
function replacesOf({ state }: PhoneDialog): string {
  const tag = (value: string) => /;tag=([^;>\s]+)/.exec(value)?.[1];
  return `${state.callId};to-tag=${tag(state.remote)};from-tag=${tag(state.local)}`;
}
