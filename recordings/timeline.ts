import { type GapReason, sampleRate } from './blocks.ts';

/** Shorter holes are jitter, not loss. */
const toleranceSamples = 0.3 * sampleRate;
const windowMs = 2000;

/**
 * Where in the recording arriving audio belongs. The stream itself carries no time, so position counts samples, and the
 * clock corrects it: after a reconnect, and when even the least delayed message of two seconds came late, which a
 * stalled event loop or network (whose backlog arrives in one burst) never looks like.
 */
export class Timeline {
  #zeroMs: number | null = null;
  #next = 0;
  #pending: GapReason | null = null;
  #windowStartMs = 0;
  #leastLag = Number.POSITIVE_INFINITY;

  /** Place of `count` samples that arrived at `nowMs` (monotonic), and why they do not follow the ones before. */
  receive(count: number, nowMs: number): { readonly start: number; readonly gap: GapReason } {
    if (this.#zeroMs === null) {
      this.#zeroMs = nowMs - (count / sampleRate) * 1000;
      this.#startWindow(nowMs);
    }
    const lag = ((nowMs - this.#zeroMs) / 1000) * sampleRate - count - this.#next;
    let gap: GapReason = 'none';
    if (this.#pending !== null) {
      if (this.#skip(lag)) gap = this.#pending;
      this.#pending = null;
      this.#startWindow(nowMs);
    } else {
      this.#leastLag = Math.min(this.#leastLag, lag);
      if (nowMs - this.#windowStartMs >= windowMs) {
        if (this.#skip(this.#leastLag)) gap = 'silent';
        this.#startWindow(nowMs);
      }
    }
    const start = this.#next;
    this.#next += count;
    return { start, gap };
  }

  /** Audio stopped, knowingly: the next that arrives is placed by the clock. */
  interrupt(reason: GapReason): void {
    if (this.#zeroMs !== null) this.#pending ??= reason;
  }

  /** Samples from the beginning to the end of the last audio. */
  get length(): number {
    return this.#next;
  }

  #skip(lag: number): boolean {
    if (lag < toleranceSamples) return false;
    this.#next += Math.round(lag);
    return true;
  }

  #startWindow(nowMs: number): void {
    this.#windowStartMs = nowMs;
    this.#leastLag = Number.POSITIVE_INFINITY;
  }
}
