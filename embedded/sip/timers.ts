export type Timer = { cancel(): void };

/** The engine's only source of time, so that tests can hold it in their hand. */
export type Timers = {
  /** Milliseconds since some fixed moment. */
  now(): number;
  after(ms: number, run: () => void): Timer;
};

/**
 * Node's timers, grouped by duration and therefore cheap; `stop` cancels every pending one. What a timer throws goes to
 * `onError`: one call's fault must not end the others.
 */
export function nodeTimers(onError: (error: unknown) => void): Timers & { stop(): void } {
  const pending = new Set<NodeJS.Timeout>();
  return {
    now: () => performance.now(),
    after(ms, run) {
      const handle = setTimeout(() => {
        pending.delete(handle);
        try {
          run();
        } catch (error) {
          onError(error);
        }
      }, ms);
      pending.add(handle);
      return {
        cancel() {
          clearTimeout(handle);
          pending.delete(handle);
        },
      };
    },
    stop() {
      for (const handle of pending) clearTimeout(handle);
      pending.clear();
    },
  };
}

/** RFC 3261 table 4, in ms. */
export type Timing = { readonly t1: number; readonly t2: number; readonly t4: number };
export const rfcTiming: Timing = { t1: 500, t2: 4000, t4: 5000 };
