import { musicOnHold } from '../../media/prompts.ts';
import type { Refer } from '../../sip/ports.ts';
import { type AnsweredLeg, aborted, type PartyAction } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps, Talk } from './deps.ts';
import { nameOf, ring } from './ring.ts';

/** One who talks. `extension` null: a caller from outside. */
export type Party = {
  readonly leg: AnsweredLeg;
  readonly extension: string | null;
  /** Records the end of the leg, once. */
  readonly ended: (reason: string) => void;
};

export type ConversationEnd =
  | { readonly kind: 'ended'; readonly because: string }
  /** The second party gave the first away and nobody took it: it still waits, and its script goes on. */
  | { readonly kind: 'leftAlone'; readonly because: string };

type Happening = PartyAction | { readonly kind: 'ended' };

const transferRingSeconds = 25;

/**
 * Two parties who hear each other: hold with music, blind transfer (RFC 3515) and attended transfer (RFC 3891), until
 * one hangs up. The first party stays its script's to release; whoever came as second is released here.
 */
export class Conversation implements Talk {
  readonly #call: Call;
  readonly #on: CallDeps;
  #first: Party;
  #second: Party;
  #free: () => void = () => {};
  #music: AbortController | null = null;
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
        if (what.kind === 'ended') return { kind: 'ended', because: `${nameIn(party)} ${party.leg.endReason}` };
        if (what.kind === 'held') await this.#hold(party);
        else if (what.kind === 'resumed') await this.#resume();
        else {
          const end = await this.#transfer(party, what.refer);
          if (end) return end;
        }
      }
    } finally {
      this.#music?.abort();
      await this.#leave(this.#second);
    }
  }

  /** The party at the other end of the leg with this SIP Call-ID, taken out of this conversation; null: no such leg. */
  async takeOther(sipCallId: string): Promise<{ readonly leg: AnsweredLeg; readonly extension: string | null } | null> {
    const asks = [this.#first, this.#second].find((party) => party.leg.dialog.sipCallId === sipCallId);
    if (!asks) return null;
    const other = this.#other(asks);
    if (!this.#music) await other.leg.endpoint.unbridge();
    return { leg: other.leg.handOver(), extension: other.extension };
  }

  #other(party: Party): Party {
    return party === this.#first ? this.#second : this.#first;
  }

  #attend(party: Party): void {
    party.leg.onAction = (what) => this.#tell(party, what);
    this.#on.conversations.set(party.leg.dialog.sipCallId, this);
    void aborted(party.leg.ended).then(() => this.#tell(party, { kind: 'ended' }));
  }

  async #join(party: Party): Promise<void> {
    this.#second = party;
    this.#attend(party);
    this.#free();
    this.#free = party.extension === null ? () => {} : this.#on.busy.take(party.extension);
    await this.#first.leg.endpoint.bridge(party.leg.endpoint);
    const extensions = [this.#first.extension, party.extension].filter((one) => one !== null);
    const who = party.extension ?? 'outside';
    this.#call.bridged(who, party.extension === null ? who : nameOf(party.extension, this.#on), extensions);
  }

  async #leave(party: Party): Promise<void> {
    this.#free();
    this.#free = () => {};
    for (const { leg } of [this.#first, party]) this.#forget(leg);
    party.ended(party.leg.endReason);
    await party.leg.release();
  }

  /** A leg that was taken over is another conversation's by now. */
  #forget(leg: AnsweredLeg): void {
    const { sipCallId } = leg.dialog;
    if (this.#on.conversations.get(sipCallId) === this) this.#on.conversations.delete(sipCallId);
  }

  async #hold(by: Party): Promise<void> {
    const other = this.#other(by);
    this.#call.event('held', { by: by.extension });
    await by.leg.endpoint.unbridge();
    this.#music = new AbortController();
    void other.leg.endpoint.play([musicOnHold], this.#music.signal).catch(() => {});
  }

  async #resume(): Promise<void> {
    this.#music?.abort();
    this.#music = null;
    this.#call.event('resumed');
    await this.#first.leg.endpoint.bridge(this.#second.leg.endpoint);
  }

  /** Null: the conversation goes on, with whom the transfer brought or as it was. */
  async #transfer(by: Party, refer: Refer): Promise<ConversationEnd | null> {
    if (by !== this.#second || by.extension === null) {
      // A caller from outside may not send our staff elsewhere, nor dial through us.
      refer.refuse(403);
      return null;
    }
    refer.accept();
    const { target } = refer;
    return target.replaces ? this.#attended(by, refer, target.replaces.sipCallId) : this.#blind(by, refer, target.user);
  }

  async #attended(by: Party, refer: Refer, sipCallId: string): Promise<ConversationEnd | null> {
    const consultation = this.#on.conversations.get(sipCallId);
    const taken = consultation === this ? null : await consultation?.takeOther(sipCallId);
    if (!taken) {
      await refer.notify(481, 'Call Does Not Exist');
      return null;
    }
    await this.#quiet();
    await refer.notify(200, 'OK');
    await this.#replace(by, { ...taken, ended: this.#newLeg(taken.leg, taken.extension) });
    return null;
  }

  async #blind(by: Party, refer: Refer, user: string): Promise<ConversationEnd | null> {
    await refer.notify(100, 'Trying');
    await this.#quiet();
    const rung = this.#on.phones().isExtension(user)
      ? await ring([user], transferRingSeconds, this.#first.leg, this.#call, this.#on)
      : ({ kind: 'nobody', because: 'no such extension' } as const);
    if (rung.kind === 'answered') {
      await refer.notify(200, 'OK');
      await this.#replace(by, { leg: rung.leg, extension: rung.extension, ended: rung.legEnded });
      return null;
    }
    if (rung.kind === 'callerGone') return { kind: 'ended', because: `the caller ${this.#first.leg.endReason}` };
    await refer.notify(480, 'Temporarily Unavailable');
    this.#call.event('transfer-failed', { by: by.extension, to: user, because: rung.because });
    if (by.leg.ended.aborted) return { kind: 'leftAlone', because: `transfer to ${user}: ${rung.because}` };
    await this.#first.leg.endpoint.bridge(by.leg.endpoint);
    this.#call.bridged(by.extension ?? '', nameOf(by.extension ?? '', this.#on), [by.extension ?? '']);
    return null;
  }

  /** Ends music and bridge, so that the first party can hear something else. */
  async #quiet(): Promise<void> {
    const held = this.#music !== null;
    this.#music?.abort();
    this.#music = null;
    if (!held && !this.#second.leg.ended.aborted) await this.#first.leg.endpoint.unbridge();
  }

  async #replace(by: Party, next: Party): Promise<void> {
    this.#call.event('transferred', { by: by.extension, to: next.extension });
    this.#call.show({ transferredBy: by.extension === null ? null : nameOf(by.extension, this.#on) });
    await this.#join(next);
    this.#forget(by.leg);
    by.ended('transferred');
    await by.leg.release();
  }

  #newLeg(leg: AnsweredLeg, extension: string | null): (reason: string) => void {
    const now = new Date();
    const { sipCallId } = leg.dialog;
    const role = extension === null ? 'outside' : 'staff';
    return this.#call.leg({
      role,
      sipCallId,
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
