import type { AbandonedLeg } from '../../db/calls.ts';
import type { MediaServer } from '../../media/ports.ts';
import type { Signaling } from '../../sip/ports.ts';
import type { Logger } from '../log.ts';

type Deps = {
  readonly signaling: Pick<Signaling, 'endDialog' | 'onForeignBye'>;
  readonly media: Pick<MediaServer, 'hasChannel' | 'endChannel'>;
  readonly log: Logger;
};

/**
 * Calls of a run that was killed. Parties who talk go on talking, and when one hangs up the others are let off; a caller
 * whose prompt ended with the app is released instead of waiting in silence (design.md §7).
 */
export class AbandonedCalls {
  readonly #on: Deps;
  readonly #talking = new Map<string, readonly AbandonedLeg[]>();

  constructor(on: Deps) {
    this.#on = on;
    on.signaling.onForeignBye((dialogId) => {
      const legs = this.#talking.get(dialogId) ?? [];
      this.#release(legs, dialogId);
    });
  }

  async take(legs: readonly AbandonedLeg[]): Promise<void> {
    for (const ofCall of Map.groupBy(legs, ({ callId }) => callId).values()) {
      const there = await Promise.all(ofCall.map(({ channel }) => this.#on.media.hasChannel(channel)));
      const talking = ofCall.filter((_, index) => there[index]);
      // A channel alone has nobody to talk to.
      if (talking.length < 2) this.#release(ofCall);
      else for (const { dialogId } of talking) this.#talking.set(dialogId, talking);
      this.#on.log.warn({ callId: ofCall[0]?.callId, talking: talking.length >= 2 }, 'a call of an earlier run');
    }
  }

  #release(legs: readonly AbandonedLeg[], endedAlready?: string): void {
    for (const { dialogId, channel } of legs) {
      this.#talking.delete(dialogId);
      void this.#on.media.endChannel(channel);
      if (dialogId !== endedAlready) void this.#on.signaling.endDialog(dialogId);
    }
  }
}
