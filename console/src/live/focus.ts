import type { CallView, Me } from '../../../app/api-types.ts';

/** Whether the call rings `me` or is being spoken by `me`. */
export function isMine(call: CallView, me: Pick<Me, 'extension'>): boolean {
  return me.extension !== null && call.extensions.includes(me.extension);
}

/**
 * The call the large card shows: the one staff picked as long as it lives; else the one they are speaking on, the one
 * that rings them, then whatever rings longest. A call that begins never takes the card from the one being spoken on.
 */
export function focusedCall(
  calls: readonly CallView[],
  me: Pick<Me, 'extension'>,
  pickedId: string | null,
): CallView | null {
  const picked = calls.find((call) => call.callId === pickedId);
  if (picked) return picked;
  const rank = (call: CallView): number => {
    const mine = isMine(call, me) ? 0 : 10;
    return mine + { talking: mine === 0 ? 0 : 4, ringing: 1, arriving: 2, menu: 3, ended: 5 }[call.state];
  };
  // Calls come oldest first, and the sort keeps that order within a rank.
  return [...calls].sort((a, b) => rank(a) - rank(b))[0] ?? null;
}
