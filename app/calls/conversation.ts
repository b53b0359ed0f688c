import { musicOnHold } from '../../media/prompts.ts';
import type { Refer } from '../../sip/ports.ts';
import { aborted, type PartyAction } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';
import { readDialled } from './dial-plan.ts';
import { reach, reachExtension } from './reach.ts';
import { nameOf } from './ring.ts';
import { parkedIn } from './takeable.ts';
import type { Party, Taken, Talk } from './talk.ts';

export type ConversationEnd =
  | { readonly kind: 'ended'; readonly because: string }
  /** Whoever talked to the first party gave it away and nobody took it: it still waits, and its script goes on. */
  | { readonly kind: 'leftAlone'; readonly because: string };

type Happening =
  | PartyAction
  | { readonly kind: 'ended' }
  /** Another conversation gives us its party in place of this one. */
  | { readonly kind: 'given'; readonly taken: Taken };

const transferRingSeconds = 25;
const gaveUpMs = 3_000;
const parkedMs = 180_000;

/**
 * Two parties who hear each other: hold with music, blind transfer (RFC 3515) and attended transfer (RFC 3891), until
 * one hangs up. Whoever came by a transfer is released here, the two it began with by their script as well.
 */
export class Conversation implements Talk {
  readonly #call: Call;
  readonly #on: CallDeps;
  /** The one who stays when the other transfers. */
  #first: Party;
  #second: Party;
  readonly #holding = new Set<Party>();
  readonly #free = new Map<Party, () => void>();
  #audio: 'none' | 'bridge' | AbortController = 'none';
  #transferFailedAt = 0;
  #inbox: { party: Party; what: Happening }[] = [];
  #wake = Promise.withResolvers<void>();

  constructor(first: Party, second: Party, call: Call, on: CallDeps) {
    this.#first = first;
    this.#second = second;
    this.#call = call;
    this.#on = on;
  }

  async run(): Promise<ConversationEnd> {
    try {
      this.#attend(this.#first);
      await this.#join(this.#second);
      for (;;) {
        const { party, what } = await this.#next();
        if (party !== this.#first && party !== this.#second) {
          // Something of a party who has left already.
          if (what.kind === 'refer') what.refer.refuse(481);
          continue;
        }
        if (what.kind === 'ended') return this.#endOf(party);
        const end = await this.#handle(party, what);
        if (end) return end;
      }
    } finally {
      if (this.#audio instanceof AbortController) this.#audio.abort();
      this.#forget(this.#first);
      await this.#leave(this.#second, this.#second.leg.endReason);
    }
  }

  /** A phone that gives up together with its failed transfer does not take the caller along. */
  #endOf(party: Party): ConversationEnd {
    const because = `${nameIn(party)} ${party.leg.endReason}`;
    const gaveUp = party === this.#second && Date.now() - this.#transferFailedAt < gaveUpMs;
    return { kind: gaveUp && !this.#first.leg.ended.aborted ? 'leftAlone' : 'ended', because };
  }

  async #handle(party: Party, what: Exclude<Happening, { kind: 'ended' }>): Promise<ConversationEnd | null> {
    switch (what.kind) {
      case 'held':
        this.#holding.add(party);
        this.#call.event('held', { by: party.extension });
        await this.#disconnect();
        await this.#connect();
        return null;
      case 'resumed':
        this.#holding.delete(party);
        this.#call.event('resumed', { by: party.extension });
        await this.#disconnect();
        await this.#connect();
        return null;
      case 'given':
        this.#turnTo(party);
        await this.#disconnect();
        await this.#replace(party, { ...what.taken, ended: this.#newLeg(what.taken) });
        return null;
      case 'refer':
        return this.#transfer(party, what.refer);
      default:
        return what satisfies never;
    }
  }

  #attend(party: Party): void {
    party.leg.onAction = (what) => this.#tell(party, what);
    this.#on.conversations.set(party.leg.dialog.sipCallId, this);
    if (party.extension !== null) this.#free.set(party, this.#on.busy.take(party.extension));
    void aborted(party.leg.ended).then(() => this.#tell(party, { kind: 'ended' }));
  }

  async #join(party: Party): Promise<void> {
    this.#second = party;
    this.#attend(party);
    await this.#connect();
    this.#show();
  }

  #show(): void {
    const answered = this.#second.extension;
    const who = answered === null ? 'outside' : nameOf(answered, this.#on);
    const extensions = [this.#first.extension, answered].filter((one) => one !== null);
    this.#call.bridged(answered ?? 'outside', who, extensions);
  }

  /** Both hear each other; while one holds, the other hears music. */
  async #connect(): Promise<void> {
    const waits = this.#holding.has(this.#first) ? this.#second : this.#holding.has(this.#second) ? this.#first : null;
    if (waits) {
      this.#audio = new AbortController();
      void waits.leg.endpoint.play([musicOnHold], this.#audio.signal).catch(() => {});
      return;
    }
    try {
      await this.#first.leg.endpoint.bridge(this.#second.leg.endpoint);
      this.#audio = 'bridge';
    } catch (error) {
      // One hung up meanwhile: its end is in the inbox.
      if (!this.#first.leg.ended.aborted && !this.#second.leg.ended.aborted) throw error;
    }
  }

  async #disconnect(): Promise<void> {
    const audio = this.#audio;
    this.#audio = 'none';
    if (audio instanceof AbortController) audio.abort();
    // Of two bridged channels either ends the bridge; one that is gone has ended it.
    const left = [this.#first, this.#second].find((party) => !party.leg.ended.aborted);
    if (audio === 'bridge') await left?.leg.endpoint.unbridge().catch(() => {});
  }

  /** Makes `by` the second party, so that the other is the one who stays. */
  #turnTo(by: Party): void {
    if (by === this.#first) [this.#first, this.#second] = [this.#second, this.#first];
  }

  /** Null: the conversation goes on, with whom the transfer brought or as it was. */
  async #transfer(by: Party, refer: Refer): Promise<ConversationEnd | null> {
    if (by.extension === null) {
      // A caller from outside may not send our staff elsewhere, nor dial through us.
      refer.refuse(403);
      return null;
    }
    refer.accept();
    this.#turnTo(by);
    const { target } = refer;
    if (target.replaces) await this.#attended(by, refer, target.replaces.sipCallId);
    else return this.#blind(by, by.extension, refer, target.user);
    return null;
  }

  /** A phone may name only a call of its own. The call of somebody outside goes on, so that its record does. */
  async #attended(by: Party, refer: Refer, sipCallId: string): Promise<void> {
    const consultation = this.#on.conversations.get(sipCallId);
    const own = consultation?.partyOf(sipCallId);
    if (!consultation || !own || consultation === this || own.extension !== by.extension) {
      await refer.notify(481, 'Call Does Not Exist');
      return;
    }
    await refer.notify(200, 'OK');
    if (this.#first.extension !== null && consultation.hasOutside) {
      consultation.receive(own, await this.give(by));
      return;
    }
    const taken = await consultation.give(own);
    await this.#disconnect();
    await this.#replace(by, { ...taken, ended: this.#newLeg(taken) });
  }

  partyOf(sipCallId: string): Party | null {
    return [this.#first, this.#second].find((party) => party.leg.dialog.sipCallId === sipCallId) ?? null;
  }

  get hasOutside(): boolean {
    return this.#first.extension === null || this.#second.extension === null;
  }

  async give(asks: Party): Promise<Taken> {
    const other = asks === this.#first ? this.#second : this.#first;
    await this.#disconnect();
    this.#call.event('given-away', { by: asks.extension, party: other.extension });
    return { leg: other.leg.handOver(), extension: other.extension };
  }

  receive(own: Party, taken: Taken): void {
    this.#tell(own, { kind: 'given', taken });
  }

  async #blind(by: Party, extension: string, refer: Refer, user: string): Promise<ConversationEnd | null> {
    await refer.notify(100, 'Trying');
    await this.#disconnect();
    const target = readDialled(user, this.#on.phones().region, () => false);
    if (target.kind === 'parked') return this.#park(by, extension, target.slot, refer);
    const waiting = { ended: this.#first.leg.ended, endpoint: this.#first.leg.endpoint };
    const reached = await reach(user, { extension, ringSeconds: transferRingSeconds }, waiting, this.#call, this.#on);
    if (reached.kind === 'answered') {
      await refer.notify(200, 'OK');
      await this.#replace(by, reached.party);
      return null;
    }
    if (reached.kind === 'callerGone') return { kind: 'ended', because: `${nameIn(this.#first)} hung up` };
    await refer.notify(reached.status, 'Transfer Failed');
    this.#call.event('transfer-failed', { by: extension, because: reached.because });
    this.#transferFailedAt = Date.now();
    if (by.leg.ended.aborted) return { kind: 'leftAlone', because: `transfer: ${reached.because}` };
    await this.#connect();
    this.#show();
    return null;
  }

  /** Music until a phone dials the slot; after a while it rings at who parked. */
  async #park(by: Party, extension: string, slot: string, refer: Refer): Promise<ConversationEnd | null> {
    const key = parkedIn(slot);
    if (this.#on.takeable.has(key)) {
      await refer.notify(486, 'Slot Taken');
      await this.#connect();
      return null;
    }
    const retrieved = Promise.withResolvers<Taken>();
    const withdraw = this.#on.takeable.offer(key, retrieved.resolve);
    await refer.notify(200, 'OK');
    this.#call.event('parked', { by: extension, slot });
    this.#call.show({ state: 'ringing', ringing: [`*70${slot}`], extensions: [] });
    await this.#leave(by, 'transferred');
    const over = new AbortController();
    const { leg } = this.#first;
    void leg.endpoint.play([musicOnHold], over.signal).catch(() => {});
    const waiting = AbortSignal.any([leg.ended, AbortSignal.timeout(parkedMs)]);
    const taken = await Promise.race([retrieved.promise, aborted(waiting).then(() => null)]);
    over.abort();
    withdraw();
    if (taken) {
      await this.#replace(by, { ...taken, ended: this.#newLeg(taken) });
      return null;
    }
    if (leg.ended.aborted) return { kind: 'ended', because: `${nameIn(this.#first)} hung up in *70${slot}` };
    const asks = { extension, ringSeconds: transferRingSeconds };
    const reached = await reachExtension(extension, asks, leg, this.#call, this.#on);
    if (reached.kind !== 'answered') return { kind: 'leftAlone', because: `parked in *70${slot} for too long` };
    await this.#replace(by, reached.party);
    return null;
  }

  async #replace(by: Party, next: Party): Promise<void> {
    this.#call.event('transferred', { by: by.extension, to: next.extension });
    this.#call.show({ transferredBy: by.extension === null ? null : nameOf(by.extension, this.#on) });
    await this.#join(next);
    await this.#leave(by, 'transferred');
  }

  async #leave(party: Party, reason: string): Promise<void> {
    this.#forget(party);
    party.ended(reason);
    await party.leg.release();
  }

  /** A leg that was taken over is another conversation's by now. */
  #forget(party: Party): void {
    this.#holding.delete(party);
    this.#free.get(party)?.();
    const { sipCallId } = party.leg.dialog;
    if (this.#on.conversations.get(sipCallId) === this) this.#on.conversations.delete(sipCallId);
  }

  #newLeg({ leg, extension }: Taken): (reason: string) => void {
    const now = new Date();
    return this.#call.leg({
      role: extension === null ? 'outside' : 'staff',
      sipCallId: leg.dialog.sipCallId,
      dialogId: leg.dialog.id,
      extension,
      mediaEndpoint: leg.endpoint.id,
      startedAt: now,
      answeredAt: now,
    });
  }

  #tell(party: Party, what: Happening): void {
    this.#inbox.push({ party, what });
    this.#wake.resolve();
  }

  async #next(): Promise<{ party: Party; what: Happening }> {
    for (;;) {
      const first = this.#inbox.shift();
      if (first) return first;
      this.#wake = Promise.withResolvers();
      await this.#wake.promise;
    }
  }
}

const nameIn = (party: Party) => party.extension ?? 'the caller';
