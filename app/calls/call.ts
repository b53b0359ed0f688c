import { randomUUID } from 'node:crypto';
import type { CallOutcome } from '../../db/calls.ts';
import type { E164 } from '../../sip/address.ts';
import type { CallerIdentity } from '../../sip/ports.ts';
import { arrivingCall, type LiveCall } from '../live-calls.ts';
import type { Logger } from '../log.ts';
import type { CallDeps, Line } from './deps.ts';

export type CallStage =
  | 'shown'
  | 'identified'
  | 'charted'
  | 'answered'
  | 'recording'
  | 'decided'
  | 'ringing'
  | 'bridged';

export type Arrival = {
  readonly direction: 'inbound' | 'outbound' | 'internal';
  /** Null: an extension was dialled. */
  readonly line: Line | null;
  readonly trunk: string | null;
  readonly caller: CallerIdentity;
  readonly startedAt: Date;
  readonly forwardedFrom: E164 | null;
  readonly platformIds?: Readonly<Record<string, string>>;
  /** What a phone of ours calls outside. */
  readonly dialled?: string | null;
};

export type CallEnding = { readonly outcome: CallOutcome; readonly because: string };

/** One call while it lasts: its record, what screens show of it, and how long each step took. */
export class Call {
  readonly id = randomUUID();
  readonly startedAt: Date;
  readonly caller: CallerIdentity;
  readonly log: Logger;
  readonly #on: CallDeps;
  #legs = 0;
  #decisions = 0;

  /** A call that has just arrived: recorded and on the screens at once. */
  constructor(on: CallDeps, arrival: Arrival) {
    const { direction, line, trunk, caller, startedAt } = arrival;
    this.#on = on;
    this.caller = caller;
    this.startedAt = startedAt;
    this.log = on.log.child({ callId: this.id });
    const callerNumber = caller.withheld ? null : (caller.number ?? (direction === 'inbound' ? null : caller.user));
    on.metrics.callsActive.inc();
    on.live.start(
      arrivingCall({
        callId: this.id,
        startedAt: startedAt.toISOString(),
        line: line?.number ?? null,
        lineName: line?.name ?? null,
        callerNumber,
        callerName: caller.display,
        dialled: arrival.dialled ?? null,
      }),
    );
    this.reached('shown');
    on.journal.record({
      kind: 'started',
      callId: this.id,
      ownerNode: on.node,
      direction,
      line: line?.number ?? null,
      trunk,
      callerNumber,
      callerHeader: caller.header,
      attestation: caller.attestation,
      dialled: arrival.dialled ?? null,
      at: startedAt,
    });
    const { forwardedFrom, platformIds = {} } = arrival;
    const { attestation, withheld } = caller;
    this.event('arrived', { attestation, withheld, forwardedFrom, platformIds }, startedAt);
    this.log.info({ direction, line: line?.number, trunk }, 'call arrived');
  }

  show(change: Partial<LiveCall> | ((view: LiveCall) => Partial<LiveCall>)): void {
    this.#on.live.update(this.id, (view) => ({ ...view, ...(typeof change === 'function' ? change(view) : change) }));
  }

  event(event: string, detail: Readonly<Record<string, unknown>> = {}, at = new Date()): void {
    this.#on.journal.event(this.id, event, detail, at);
  }

  reached(stage: CallStage): void {
    this.#on.metrics.callStageSeconds.observe({ stage }, (Date.now() - this.startedAt.getTime()) / 1000);
  }

  /** Records a leg of this call; the result records its end, once. */
  leg(leg: {
    role: 'caller' | 'staff' | 'outside';
    sipCallId: string;
    dialogId?: string;
    extension: string | null;
    mediaEndpoint: string | null;
    startedAt: Date;
    answeredAt: Date | null;
  }): (reason: string) => void {
    const number = ++this.#legs;
    this.#on.journal.record({ kind: 'leg', callId: this.id, leg: number, ...leg });
    return (reason) =>
      this.#on.journal.record({ kind: 'legEnded', callId: this.id, leg: number, at: new Date(), reason });
  }

  /** Two parties hear each other from now on; `extensions` are those of ours among them. */
  bridged(extension: string, answeredBy: string, extensions: readonly string[]): void {
    const at = new Date();
    this.#on.journal.record({ kind: 'bridged', callId: this.id, at, answeredBy: extension });
    this.event('bridged', { extension }, at);
    this.show({ state: 'talking', talkingSince: at.toISOString(), ringing: [], extensions, answeredBy });
    this.reached('bridged');
  }

  nextDecision(): number {
    return ++this.#decisions;
  }

  /** The last thing of every call, exactly once. */
  ended(outcome: CallOutcome, because: string): void {
    const at = new Date();
    this.event('ended', { outcome, because }, at);
    this.#on.journal.record({ kind: 'ended', callId: this.id, at, outcome });
    this.#on.journal.record({
      kind: 'outbox',
      subject: `call:${this.id}`,
      topic: 'call.ended',
      payload: { callId: this.id, outcome },
    });
    this.#on.journal.forget(this.id);
    this.show({ state: 'ended', endedAt: at.toISOString(), outcome, ringing: [], extensions: [] });
    this.#on.metrics.callsActive.dec();
    this.#on.metrics.callsTotal.inc({ outcome });
    this.log.info({ outcome, because, seconds: (at.getTime() - this.startedAt.getTime()) / 1000 }, 'call ended');
  }
}
