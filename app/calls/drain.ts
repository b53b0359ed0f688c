import { setTimeout as delay } from 'node:timers/promises';
import type { TrunkCalls } from './deps.ts';

const lookEveryMs = 100;

/** Waits for the calls in progress to end by themselves, at most `seconds`. Returns how many are left. */
export async function drainCalls(calls: TrunkCalls, seconds: number): Promise<number> {
  const deadline = Date.now() + seconds * 1000;
  while (calls.total > 0 && Date.now() < deadline) await delay(lookEveryMs);
  return calls.total;
}
