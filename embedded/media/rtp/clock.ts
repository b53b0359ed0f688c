/*
 * The one 20 ms clock of a worker. Each tick is due at start + n * 20 ms of the monotonic clock, so that a late timer
 * does not delay those after it; ticks missed while the thread was stalled are made up, up to a limit.
 */

export const tickMs = 20;
const catchUpLimit = 10;

/** Starts calling `onTick` with the number of the tick; returns the function that stops it. */
export function startClock(onTick: (tick: number) => void, onSkipped: (ticks: number) => void): () => void {
  const start = performance.now();
  let tick = 0;
  let timer: NodeJS.Timeout;
  const run = () => {
    let due = Math.floor((performance.now() - start) / tickMs) - tick;
    if (due > catchUpLimit) {
      onSkipped(due - catchUpLimit);
      tick += due - catchUpLimit;
      due = catchUpLimit;
    }
    for (; due > 0; due--) {
      tick += 1;
      onTick(tick);
    }
    timer = setTimeout(run, Math.max(1, start + (tick + 1) * tickMs - performance.now()));
  };
  timer = setTimeout(run, tickMs);
  return () => clearTimeout(timer);
}
