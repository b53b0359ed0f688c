import { token } from './compose.ts';
import type { SipRequest, Via } from './message.ts';
import type { Timer, Timers, Timing } from './timers.ts';
import { type InviteServerState, stepInviteServer } from './transactions/invite-server.ts';
import type { Effect, Env, TimerName } from './transactions/machine.ts';
import { type NonInviteServerState, stepNonInviteServer } from './transactions/non-invite-server.ts';
import type { Flow } from './transport.ts';
import { isReliable } from './transport.ts';

export type ServerHost = {
  readonly timers: Timers;
  readonly timing: Timing;
  readonly tu: { onAckTimeout(invite: ServerTransaction): void };
  replyFlow(via: Via, flow: Flow): Flow | null;
  /** Watches for the ACK to the 2xx of this transaction; the returned function stops watching. */
  awaitAck(tx: ServerTransaction, toTag: string): () => void;
};

type Input =
  | { name: 'request' }
  | { name: 'ack' }
  | { name: 'respond'; status: number }
  | { name: 'timer'; timer: TimerName }
  | { name: 'transportError' };

/** One request of a peer, from its arrival until its last retransmission can have come (RFC 3261 §17.2). */
export class ServerTransaction {
  readonly id: string;
  readonly request: SipRequest;
  readonly flow: Flow;
  /** Size of the request on the wire. */
  readonly sizeBytes: number;
  /** To tag of our responses: the request's own when it has one. */
  localTag: string;
  readonly #host: ServerHost;
  readonly #end: () => void;
  readonly #timers = new Map<TimerName, Timer>();
  #invite: InviteServerState | null;
  #other: NonInviteServerState | null;
  #last = '';
  #finalStatus: number | null = null;
  #provisional = false;
  #repeat: Timer | null = null;
  #giveUp: Timer | null = null;
  #unwatch: (() => void) | null = null;

  constructor(host: ServerHost, id: string, request: SipRequest, flow: Flow, sizeBytes: number, end: () => void) {
    this.#host = host;
    this.id = id;
    this.request = request;
    this.flow = flow;
    this.sizeBytes = sizeBytes;
    this.localTag = request.to.tag ?? token();
    this.#end = end;
    const invite = request.method === 'INVITE';
    this.#invite = invite ? { name: 'proceeding', answered: false } : null;
    this.#other = invite ? null : { name: 'trying' };
  }

  get state(): string {
    return (this.#invite ?? this.#other)?.name ?? 'terminated';
  }
  /** Status of the final response, null while there is none. */
  get finalStatus(): number | null {
    return this.#finalStatus;
  }
  get refused(): boolean {
    return this.#finalStatus !== null && this.#finalStatus >= 300;
  }
  /** A provisional response other than 100 was sent. */
  get rang(): boolean {
    return this.#provisional;
  }
  /** The 2xx was sent and its ACK has not come. */
  get awaitsAck(): boolean {
    return this.#unwatch !== null;
  }
  /** Text of the last response sent. */
  get lastResponse(): string {
    return this.#last;
  }

  /** Sends a response (composeResponse). False when a final one was sent already or the transaction is over. */
  respond(text: string): boolean {
    const status = Number(text.slice(8, 11));
    if (this.#finalStatus !== null || this.state === 'terminated') return false;
    this.#last = text;
    if (status > 100) this.#provisional = true;
    if (status >= 200) this.#finalStatus = status;
    if (this.#invite && status >= 200 && status < 300) this.#expectAck();
    this.#step({ name: 'respond', status });
    return true;
  }

  /** Sends the last response again, outside the machine: a reliable provisional response (RFC 3262 §3). */
  repeat(text: string): void {
    this.#send(text);
  }

  /** Forgets the request without an answer, as after 64 s without the application's. */
  abandon(): void {
    if (this.#invite) this.#invite = { name: 'terminated' };
    else this.#other = { name: 'terminated' };
    this.#run([]);
  }

  onRetransmission(): void {
    this.#step({ name: 'request' });
  }
  onAck(): void {
    this.#step({ name: 'ack' });
  }

  /** The ACK to the 2xx has come: the 2xx is no longer repeated. */
  acknowledge(): void {
    this.#repeat?.cancel();
    this.#giveUp?.cancel();
    this.#unwatch?.();
    this.#unwatch = null;
  }

  /** RFC 3261 §13.3.1.4: the 2xx is repeated by the UAS core until the ACK, at T1 doubling to T2, on UDP only. */
  #expectAck(): void {
    const { timers, timing, tu } = this.#host;
    this.#unwatch = this.#host.awaitAck(this, this.localTag);
    this.#giveUp = timers.after(64 * timing.t1, () => {
      this.acknowledge();
      tu.onAckTimeout(this);
    });
    if (isReliable(this.flow.protocol)) return;
    const again = (ms: number) => {
      this.#repeat = timers.after(ms, () => {
        this.#send(this.#last);
        again(Math.min(2 * ms, timing.t2));
      });
    };
    again(timing.t1);
  }

  #step(input: Input): void {
    const env: Env = { timing: this.#host.timing, reliable: isReliable(this.flow.protocol) };
    if (this.#invite) {
      const next = stepInviteServer(this.#invite, input as Parameters<typeof stepInviteServer>[1], env);
      this.#invite = next.state;
      this.#run(next.effects);
    } else if (this.#other) {
      const next = stepNonInviteServer(this.#other, input as Parameters<typeof stepNonInviteServer>[1], env);
      this.#other = next.state;
      this.#run(next.effects);
    }
  }

  #run(effects: readonly Effect[]): void {
    const ended = this.state === 'terminated';
    for (const effect of effects) {
      switch (effect.name) {
        case 'send':
          this.#send(this.#last);
          break;
        case 'start':
          this.#start(effect.timer, effect.ms);
          break;
        case 'stop':
          this.#timers.get(effect.timer)?.cancel();
          this.#timers.delete(effect.timer);
          break;
        case 'ack':
        case 'pass':
        case 'timeout': // no ACK to a refusal: nothing that the TU could do
        case 'failed':
          break;
      }
    }
    if (!ended) return;
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
    this.#end();
  }

  #send(text: string): void {
    const flow = this.#host.replyFlow(this.request.via, this.flow);
    flow?.send(text, () => this.#step({ name: 'transportError' }));
  }

  #start(timer: TimerName, ms: number): void {
    this.#timers.get(timer)?.cancel();
    const handle = this.#host.timers.after(ms, () => {
      this.#timers.delete(timer);
      this.#step({ name: 'timer', timer });
    });
    this.#timers.set(timer, handle);
  }
}
