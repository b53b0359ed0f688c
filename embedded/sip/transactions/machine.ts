import type { Timing } from '../timers.ts';

/*
 * The four state machines of RFC 3261 §17 are pure: a state and an input give the next state and what is to be done.
 * The transaction layer does it. Timers carry the letters of RFC 3261 table 4 and RFC 6026.
 */

export type TimerName = 'A' | 'B' | 'D' | 'E' | 'F' | 'G' | 'H' | 'I' | 'J' | 'K' | 'L' | 'M';

export type Effect =
  /** Send the kept message (the request; as server the last response), again or for the first time. */
  | { readonly name: 'send' }
  /** Send the ACK to a refusal (RFC 3261 §17.1.1.3). */
  | { readonly name: 'ack' }
  /** Give the response that came to the TU. */
  | { readonly name: 'pass' }
  | { readonly name: 'start'; readonly timer: TimerName; readonly ms: number }
  | { readonly name: 'stop'; readonly timer: TimerName }
  /** Tell the TU that nobody answered (client) or acknowledged (server). */
  | { readonly name: 'timeout' }
  /** Tell the TU that the transport failed. */
  | { readonly name: 'failed' };

export type Step<State> = { readonly state: State; readonly effects: readonly Effect[] };
export type Env = { readonly timing: Timing; readonly reliable: boolean };

export const send: Effect = { name: 'send' };
export const ack: Effect = { name: 'ack' };
export const pass: Effect = { name: 'pass' };
export const timeout: Effect = { name: 'timeout' };
export const failed: Effect = { name: 'failed' };
export const start = (timer: TimerName, ms: number): Effect => ({ name: 'start', timer, ms });
export const stop = (timer: TimerName): Effect => ({ name: 'stop', timer });

const none: readonly Effect[] = [];
export function step<State>(state: State, ...effects: Effect[]): Step<State> {
  return { state, effects: effects.length === 0 ? none : effects };
}

export function assertNever(value: never): never {
  throw new Error(`unreachable: ${JSON.stringify(value)}`);
}
