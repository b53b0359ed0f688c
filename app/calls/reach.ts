import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';
import { readDialled } from './dial-plan.ts';
import { reachOutside } from './outbound.ts';
import { ring, type Waiting } from './ring.ts';
import type { Party } from './talk.ts';

export type Reached =
  | { readonly kind: 'answered'; readonly party: Party }
  | { readonly kind: 'nobody'; readonly status: number; readonly because: string }
  | { readonly kind: 'callerGone' };

/** Whose permission the call is made by, and how long a phone rings. */
export type Asks = { readonly extension: string; readonly ringSeconds: number };

const maxForwards = 3;

/** Calls what a phone dialled, or asks to transfer to: an extension with its forwards, or a number outside. */
export async function reach(
  dialled: string,
  asks: Asks,
  waiting: Waiting,
  call: Call,
  on: CallDeps,
  forwards = 0,
): Promise<Reached> {
  const phones = on.phones();
  const target = readDialled(dialled, phones.region, (number) => phones.isExtension(number));
  if (target.kind === 'outside')
    return reachOutside(target.number, asks.extension, asks.ringSeconds, waiting, call, on);
  // An emergency call is dialled by who needs it, never a transfer's or a forward's end.
  if (target.kind !== 'extension') return { kind: 'nobody', status: 404, because: 'no such destination' };
  return reachExtension(target.extension, asks, waiting, call, on, forwards);
}

/** Rings an extension, or goes where it is forwarded to (always, busy, no answer). */
export async function reachExtension(
  extension: string,
  asks: Asks,
  waiting: Waiting,
  call: Call,
  on: CallDeps,
  forwards = 0,
): Promise<Reached> {
  const rules = on.phones().extension(extension);
  const forward = (why: string, to: string): Promise<Reached> | Reached => {
    call.event('forwarded', { extension, why });
    if (forwards >= maxForwards) return { kind: 'nobody', status: 482, because: 'forwarded in a circle' };
    return reach(to, { ...asks, extension }, waiting, call, on, forwards + 1);
  };
  if (rules?.forwardAlways) return forward('always', rules.forwardAlways);
  if (rules?.forwardBusy && (rules.doNotDisturb || on.busy.isBusy(extension)))
    return forward('busy', rules.forwardBusy);
  if (rules?.doNotDisturb) return { kind: 'nobody', status: 480, because: 'do not disturb' };
  const rung = await ring([extension], asks.ringSeconds, waiting, call, on);
  if (rung.kind === 'callerGone') return rung;
  if (rung.kind === 'answered')
    return { kind: 'answered', party: { leg: rung.leg, extension: rung.extension, ended: rung.legEnded } };
  const busy = rung.because === 'busy';
  const to = busy ? rules?.forwardBusy : rules?.forwardNoAnswer;
  if (to) return forward(busy ? 'busy' : 'no answer', to);
  return { kind: 'nobody', status: busy ? 486 : 480, because: rung.because };
}
