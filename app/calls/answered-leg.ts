import type { MediaEndpoint } from '../../media/ports.ts';
import type { Dialog, DialogEnd } from '../../sip/ports.ts';

/** One party of a call: its dialog and its media, ended together. */
export class AnsweredLeg {
  readonly dialog: Dialog;
  readonly endpoint: MediaEndpoint;
  /** Aborted when the party hung up or its media is gone. */
  readonly ended: AbortSignal;

  constructor(dialog: Dialog, endpoint: MediaEndpoint) {
    this.dialog = dialog;
    this.endpoint = endpoint;
    this.ended = AbortSignal.any([dialog.ended, endpoint.gone]);
    // Hold, resume and a phone's new address: the media server answers, the party beyond the bridge is untouched.
    dialog.onModify((offer) => endpoint.modify(offer));
  }

  /** Why it ended, for the record. */
  get endReason(): string {
    if (!this.dialog.ended.aborted) return this.endpoint.gone.aborted ? 'media lost' : 'released';
    const end = this.dialog.ended.reason as DialogEnd;
    return end.by === 'peer' ? 'hung up' : end.by === 'us' ? 'released' : end.reason;
  }

  async release(): Promise<void> {
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
