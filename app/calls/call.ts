import { randomUUID } from 'node:crypto';
import type { CallOutcome } from '../../db/calls.ts';
import type { E164 } from '../../sip/address.ts';
import type { CallerIdentity } from '../../sip/ports.ts';
import { arrivingCall, type LiveCall } from '../live-calls.ts';
import type { Logger } from '../log.ts';
import type { CallDeps, Line, Trunk } from './deps.ts';

export type CallStage =
  | 'shown'
  | 'identified'
  | 'charted'
  | 'answered'
  | 'recording'
  | 'decided'
  | 'ringing'
  | 'bridged';

/** One call while it lasts: its record, what screens show of it, and how long each step took. */
export class Call {
  readonly id = randomUUID();
  readonly startedAt: Date;
  readonly line: Line;
  readonly caller: CallerIdentity;
  readonly log: Logger;
  readonly #on: CallDeps;
  #legs = 0;
  #decisions = 0;

  private constructor(on: CallDeps, line: Line, caller: CallerIdentity, startedAt: Date) {
    this.#on = on;
    this.line = line;
    this.caller = caller;
    this.startedAt = startedAt;
    this.log = on.log.child({ callId: this.id });
  }

  /** A call that came by a trunk: recorded and on the screens at once. */
  static arrived(
    on: CallDeps,
    about: { line: Line; trunk: Trunk; caller: CallerIdentity; startedAt: Date; forwardedFrom: E164 | null },
  ): Call {
    const { line, trunk, caller, startedAt } = about;
    const call = new Call(on, line, caller, startedAt);
    const shownNumber = caller.withheld ? null : caller.number;
    on.metrics.callsActive.inc();
    on.live.start(
      arrivingCall({
        callId: call.id,
        startedAt: startedAt.toISOString(),
        line: line.number,
        lineName: line.name,
        callerNumber: shownNumber,
        callerName: caller.display,
      }),
    );
    call.reached('shown');
    on.journal.record({
      kind: 'started',
      callId: call.id,
      ownerNode: on.node,
      direction: 'inbound',
      line: line.number,
      trunk: trunk.name,
      callerNumber: shownNumber,
      callerHeader: caller.header,
      attestation: caller.attestation,
      at: startedAt,
    });
    call.event(
      'arrived',
      { attestation: caller.attestation, withheld: caller.withheld, forwardedFrom: about.forwardedFrom },
      startedAt,
    );
    call.log.info({ line: line.number, trunk: trunk.name }, 'call arrived');
    return call;
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
