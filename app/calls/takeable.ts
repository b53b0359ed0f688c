import type { Taken } from './talk.ts';

/** Calls that another phone may take: those that ring at an extension, and those parked in a slot. */
export class Takeable {
  readonly #offers = new Map<string, Set<(taken: Taken) => void>>();

  /** `take` is called at most once, with who answers. The result withdraws the offer. */
  offer(key: string, take: (taken: Taken) => void): () => void {
    const offers = this.#offers.get(key) ?? new Set();
    this.#offers.set(key, offers.add(take));
    return () => {
      offers.delete(take);
      if (offers.size === 0 && this.#offers.get(key) === offers) this.#offers.delete(key);
    };
  }

  has(key: string): boolean {
    return this.#offers.has(key);
  }

  /** Gives the phone to the call that has waited longest; false: there is none any more. */
  take(key: string, taken: Taken): boolean {
    const [take] = this.#offers.get(key) ?? [];
    if (!take) return false;
    this.#offers.get(key)?.delete(take);
    if (this.#offers.get(key)?.size === 0) this.#offers.delete(key);
    take(taken);
    return true;
  }
}

export const ringingAt = (extension: string): string => `ringing ${extension}`;
export const parkedIn = (slot: string): string => `parked ${slot}`;
