import { composeRequest, type HeaderList, insertVia } from './compose.ts';
import type { SipRequest, SipResponse } from './message.ts';
import type { Timer, Timers, Timing } from './timers.ts';
import { type InviteClientState, stepInviteClient } from './transactions/invite-client.ts';
import type { Effect, Env, Step, TimerName } from './transactions/machine.ts';
import { type NonInviteClientState, stepNonInviteClient } from './transactions/non-invite-client.ts';
import type { Flow } from './transport.ts';
import { isReliable } from './transport.ts';

export type ClientHandlers = {
  /** Every provisional and final response; for INVITE also each further 2xx (repeated, or another branch). 100 included. */
  onResponse(response: SipResponse, flow: Flow, sizeBytes: number): void;
  /** Nobody answered within 64*T1. */
  onTimeout(): void;
  /** The request could not be sent, or its connection was lost. */
  onFailure(error: Error): void;
};

export type ClientHost = {
  readonly timers: Timers;
  readonly timing: Timing;
  request(flow: Flow, text: string, handlers: ClientHandlers, branch?: string): ClientTransaction;
};

type Input =
  | { name: 'begin' }
  | { name: 'response'; status: number }
  | { name: 'timer'; timer: TimerName }
  | { name: 'transportError' };

/** One request of ours until its final response (RFC 3261 §17.1). */
export class ClientTransaction {
  /** The request as it went out, Via included. */
  readonly request: SipRequest;
  readonly flow: Flow;
  readonly branch: string;
  readonly #host: ClientHost;
  readonly #handlers: ClientHandlers;
  readonly #end: () => void;
  readonly #timers = new Map<TimerName, Timer>();
  #invite: InviteClientState | null;
  #other: NonInviteClientState | null;
  #response: SipResponse | null = null;
  #responseFlow: Flow;
  #responseBytes = 0;
  #error: Error | null = null;
  #ack = '';
  #cancel: 'no' | 'waiting' | 'sent' = 'no';
  #cancelText = '';
  #unwatch: () => void = () => {};

  constructor(
    host: ClientHost,
    request: SipRequest,
    branch: string,
    flow: Flow,
    handlers: ClientHandlers,
    end: () => void,
  ) {
    this.#host = host;
    this.request = request;
    this.branch = branch;
    this.flow = flow;
    this.#responseFlow = flow;
    this.#handlers = handlers;
    this.#end = end;
    const invite = request.method === 'INVITE';
    this.#invite = invite ? { name: 'calling', intervalMs: host.timing.t1 } : null;
    this.#other = invite ? null : { name: 'trying', intervalMs: host.timing.t1 };
  }

  /** `calling`, `proceeding`, ... as RFC 3261 names them. */
  get state(): string {
    return (this.#invite ?? this.#other)?.name ?? 'terminated';
  }

  begin(): void {
    this.#unwatch = this.flow.onClose((error) => this.#lost(error));
    this.#step({ name: 'begin' });
    // A phone that is gone costs its caller milliseconds instead of the 32 s of timer B.
    if (this.#invite) this.flow.probe((error) => this.#lost(error));
  }

  /** RFC 3261 §18.4. Once the peer has spoken it may still answer over another connection (§18.2.2). */
  #lost(error: Error): void {
    if (this.state !== 'calling' && this.state !== 'trying') return;
    this.#error = error;
    this.#step({ name: 'transportError' });
  }

  onResponse(response: SipResponse, flow: Flow, sizeBytes: number): void {
    this.#response = response;
    this.#responseFlow = flow;
    this.#responseBytes = sizeBytes;
    this.#step({ name: 'response', status: response.status });
    if (this.#cancel === 'waiting') {
      if (response.status < 200) this.#sendCancel();
      else this.#cancel = 'no';
    }
  }

  /**
   * Cancels an INVITE (RFC 3261 §9.1). Returns the CANCEL as it is or will be sent, and whether it has left: before the
   * first provisional response it waits. Null when the INVITE has its final response already.
   */
  cancel(headers: HeaderList = []): { readonly text: string; readonly sent: boolean } | null {
    const state = this.#invite?.name;
    if (state !== 'calling' && state !== 'proceeding') return null;
    if (this.#cancel === 'no') {
      this.#cancelText = this.#derive('CANCEL', this.request.to.value, [...headers]);
      this.#cancel = 'waiting';
      if (state === 'proceeding') this.#sendCancel();
    }
    return { text: insertVia(this.#cancelText, this.#via), sent: this.#cancel === 'sent' };
  }

  get cancelled(): boolean {
    return this.#cancel !== 'no';
  }

  #sendCancel(): void {
    this.#cancel = 'sent';
    // RFC 3261 §9.1: an INVITE whose CANCEL got no final response within 64*T1 is given up.
    this.#start('B', 64 * this.#host.timing.t1);
    const nothing = () => {};
    const quiet: ClientHandlers = { onResponse: nothing, onTimeout: nothing, onFailure: nothing };
    this.#host.request(this.flow, this.#cancelText, quiet, this.branch);
  }

  get #via(): string {
    return this.request.vias[0] as string;
  }

  /** A CANCEL or an ACK made from the request: same Via, Route, From, Call-ID and CSeq number, no Via in the text. */
  #derive(method: string, to: string, headers: HeaderList): string {
    const { headers: own, from, callId, cseq, uri } = this.request;
    const route = own.route;
    return composeRequest(method, uri, [
      ...(route === undefined ? [] : ([['Route', route]] as const)),
      ['Max-Forwards', '70'],
      ['From', from.value],
      ['To', to],
      ['Call-ID', callId],
      ['CSeq', `${cseq.number} ${method}`],
      ...headers,
    ]);
  }

  #step(input: Input): void {
    const env: Env = { timing: this.#host.timing, reliable: isReliable(this.flow.protocol) };
    // The layer starts and stops only the timers that the machine asked for, so each input is one it knows.
    if (
      this.#cancel === 'sent' &&
      input.name === 'timer' &&
      input.timer === 'B' &&
      this.#invite?.name === 'proceeding'
    ) {
      this.#invite = { name: 'terminated' };
      this.#run([{ name: 'timeout' }]);
    } else if (this.#invite) {
      const next = stepInviteClient(this.#invite, input as Parameters<typeof stepInviteClient>[1], env);
      this.#settle(next, (state) => {
        this.#invite = state;
      });
    } else if (this.#other) {
      const next = stepNonInviteClient(this.#other, input as Parameters<typeof stepNonInviteClient>[1], env);
      this.#settle(next, (state) => {
        this.#other = state;
      });
    }
  }

  #settle<State extends { readonly name: string }>(next: Step<State>, keep: (state: State) => void): void {
    keep(next.state);
    this.#run(next.effects);
  }

  #run(effects: readonly Effect[]): void {
    const ended = this.state === 'terminated';
    if (ended) {
      for (const timer of this.#timers.values()) timer.cancel();
      this.#timers.clear();
      this.#unwatch();
      this.#end();
    }
    for (const effect of effects) {
      switch (effect.name) {
        case 'send':
          this.#send(this.request.text);
          break;
        case 'ack':
          if (this.#response) {
            this.#ack ||= insertVia(this.#derive('ACK', this.#response.to.value, []), this.#via);
            this.flow.send(this.#ack);
          }
          break;
        case 'pass':
          if (this.#response) this.#handlers.onResponse(this.#response, this.#responseFlow, this.#responseBytes);
          break;
        case 'start':
          if (!ended) this.#start(effect.timer, effect.ms);
          break;
        case 'stop':
          this.#timers.get(effect.timer)?.cancel();
          this.#timers.delete(effect.timer);
          break;
        case 'timeout':
          this.#handlers.onTimeout();
          break;
        case 'failed':
          this.#handlers.onFailure(this.#error ?? new Error('transport failed'));
          break;
      }
    }
  }

  #send(text: string): void {
    this.flow.send(text, (error) => this.#lost(error));
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
