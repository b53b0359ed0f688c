import type { MediaEndpoint } from '../../media/ports.ts';
import { isHold } from '../../sip/hold.ts';
import type { Dialog, DialogEnd, Refer } from '../../sip/ports.ts';

/** What a party does with its phone while it talks. */
export type PartyAction =
  | { readonly kind: 'held' }
  | { readonly kind: 'resumed' }
  | { readonly kind: 'refer'; readonly refer: Refer };

/** One party of a call: its dialog and its media, ended together. */
export class AnsweredLeg {
  readonly dialog: Dialog;
  readonly endpoint: MediaEndpoint;
  /** Aborted when the party hung up, its media is gone, or it was handed over to another call. */
  readonly ended: AbortSignal;
  onAction: (action: PartyAction) => void = (action) => {
    if (action.kind === 'refer') action.refer.refuse(491);
  };
  readonly #given = new AbortController();
  #held = false;

  constructor(dialog: Dialog, endpoint: MediaEndpoint) {
    this.dialog = dialog;
    this.endpoint = endpoint;
    this.ended = AbortSignal.any([dialog.ended, endpoint.gone, this.#given.signal]);
    // Hold, resume and a phone's new address: the media server answers, then whoever leads the call is told.
    dialog.onModify(async (offer) => {
      const answer = await endpoint.modify(offer);
      const held = isHold(offer);
      if (held !== this.#held) this.onAction({ kind: held ? 'held' : 'resumed' });
      this.#held = held;
      return answer;
    });
    dialog.onRefer((refer) => this.onAction({ kind: 'refer', refer }));
  }

  /** Why it ended, for the record. */
  get endReason(): string {
    if (this.#given.signal.aborted) return 'transferred';
    if (!this.dialog.ended.aborted) return this.endpoint.gone.aborted ? 'media lost' : 'released';
    const end = this.dialog.ended.reason as DialogEnd;
    return end.by === 'peer' ? 'hung up' : end.by === 'us' ? 'released' : end.reason;
  }

  /** The same party for another call: this object ends, and its `release` does nothing from now on. */
  handOver(): AnsweredLeg {
    this.#given.abort();
    return new AnsweredLeg(this.dialog, this.endpoint);
  }

  async release(): Promise<void> {
    if (this.#given.signal.aborted) return;
    await Promise.all([this.dialog.bye(), this.endpoint.destroy()]);
  }
}

/** Resolves when the signal is aborted; at once when it is already. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
