import { setTimeout as delay } from 'node:timers/promises';

/** Asks again every 25 ms until the answer is not null; rejects with what `why` says when time runs out. */
export async function until<T>(
  ask: () => Promise<T | null> | T | null,
  why: string | (() => string),
  timeoutMs = 10_000,
): Promise<T> {
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    const answer = await ask();
    if (answer !== null) return answer;
    if (performance.now() > deadline)
      throw new Error(`not within ${timeoutMs} ms: ${typeof why === 'string' ? why : why()}`);
    await delay(25);
  }
}
