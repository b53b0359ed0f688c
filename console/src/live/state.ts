import type { CallView, ServerMessage, SystemHealth } from '../../../app/api-types.ts';

/** What the screen knows of the running system. `health` null: nothing received yet. */
export type LiveState = {
  readonly stream: string | null;
  readonly sequence: number;
  readonly calls: readonly CallView[];
  readonly health: SystemHealth | null;
  readonly connection: 'connecting' | 'live' | 'lost' | 'signed-out';
};

export const nothingYet: LiveState = {
  stream: null,
  sequence: 0,
  calls: [],
  health: null,
  connection: 'connecting',
};

/** How long an ended call stays on the screen. */
export const endedShownMs = 8_000;

/** The state after `message`; the same object when it is old news. Throws `Gap` when a message before it is missing. */
export function receive(state: LiveState, message: ServerMessage): LiveState {
  if (message.kind === 'snapshot') {
    const { stream, sequence, calls, health } = message;
    return { stream, sequence, calls: inOrder(calls), health, connection: 'live' };
  }
  if (message.kind === 'beat') {
    if (message.sequence > state.sequence) throw new Gap();
    return state.connection === 'live' ? state : { ...state, connection: 'live' };
  }
  if (message.sequence <= state.sequence) return state;
  if (message.sequence > state.sequence + 1) throw new Gap();
  const seen = { ...state, sequence: message.sequence, connection: 'live' as const };
  if (message.kind === 'health') return { ...seen, health: message.health };
  const others = state.calls.filter((call) => call.callId !== message.call.callId);
  return { ...seen, calls: inOrder([...others, message.call]) };
}

/** Without the calls that ended longer than `endedShownMs` before `now`; the same object when there are none. */
export function dropEnded(state: LiveState, now: number): LiveState {
  const calls = state.calls.filter((call) => call.endedAt === null || now - Date.parse(call.endedAt) < endedShownMs);
  return calls.length === state.calls.length ? state : { ...state, calls };
}

/** A message is missing: reconnect and ask for it. */
export class Gap extends Error {}

function inOrder(calls: readonly CallView[]): readonly CallView[] {
  return [...calls].sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}
