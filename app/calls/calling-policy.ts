import type { E164, Region } from '../../sip/address.ts';
import { kindOf } from '../../sip/number-format.ts';
import type { Extension } from './deps.ts';

export type Refusal = { readonly status: 403; readonly cause: 'calling-class' | 'premium' | 'daily-minutes' };

/**
 * Whether a phone may call this number outside; null: it may. `minutesToday` null: not known, the database is away,
 * and a clinic must be able to call its patients. Emergency calls never come here.
 */
export function whyNotCall(
  number: E164,
  { callingClass, dailyMinutes }: Pick<Extension, 'callingClass' | 'dailyMinutes'>,
  minutesToday: number | null,
  region: Region,
): Refusal | null {
  const kind = kindOf(number, region);
  if (kind === 'premium') return { status: 403, cause: 'premium' };
  const allowed = callingClass === 'international' || (callingClass === 'national' && kind === 'national');
  if (!allowed) return { status: 403, cause: 'calling-class' };
  if (dailyMinutes !== null && minutesToday !== null && minutesToday >= dailyMinutes)
    return { status: 403, cause: 'daily-minutes' };
  return null;
}
