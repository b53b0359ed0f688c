/*
 * The one 20 ms clock of a worker. Each tick is due at start + n * 20 ms of the monotonic clock, so that a late timer
 * does not delay those after it; ticks missed while the thread was stalled are made up, up to a limit.
 */

const tickMs = 20;
const catchUpLimit = 10;

export type Clock = {
  /** Runs the ticks that are due at `now` (ms of `performance.now`), for whoever keeps the event loop from its timers. */
  poll(now: number): void;
  stop(): void;
};

/** Starts calling `onTick` with the number of the tick. */
export function startClock(onTick: (tick: number) => void, onSkipped: (ticks: number) => void): Clock {
  const start = performance.now();
  let tick = 0;
  let timer: NodeJS.Timeout;
  const poll = (now: number) => {
    let due = Math.floor((now - start) / tickMs) - tick;
    if (due > catchUpLimit) {
      onSkipped(due - catchUpLimit);
      tick += due - catchUpLimit;
      due = catchUpLimit;
    }
    for (; due > 0; due--) {
      tick += 1;
      onTick(tick);
    }
  };
  const run = () => {
    poll(performance.now());
    timer = setTimeout(run, Math.max(1, start + (tick + 1) * tickMs - performance.now()));
  };
  timer = setTimeout(run, tickMs);
  return { poll, stop: () => clearTimeout(timer) };
}
