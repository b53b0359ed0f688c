import type { E164 } from '../sip/address.ts';
import type { CallFacts, ChartFacts, StaffFacts } from './types.ts';

type Text<V> = V extends Date ? string : V;
type Stored<T> = { [K in keyof T]: Text<T[K]> };
/** Facts as JSON keeps them; the caller's number is kept with the call. */
export type StoredFacts = Stored<Omit<CallFacts, 'callerNumber' | 'chart' | 'staff'>> & {
  readonly chart:
    | (Omit<ChartFacts, 'lastSeen' | 'nextAppointment'> & {
        readonly lastSeen: Stored<NonNullable<ChartFacts['lastSeen']>> | null;
        readonly nextAppointment: Stored<NonNullable<ChartFacts['nextAppointment']>> | null;
      })
    | null;
  readonly staff: readonly Stored<StaffFacts>[];
};

/** The facts of an earlier call, ready to be decided on again. */
export function reviveFacts(stored: StoredFacts, callerNumber: E164 | null): CallFacts {
  const { chart } = stored;
  const { lastSeen = null, nextAppointment = null } = chart ?? {};
  return {
    ...stored,
    callerNumber,
    at: new Date(stored.at),
    chart: chart && {
      ...chart,
      lastSeen: lastSeen && { ...lastSeen, at: new Date(lastSeen.at) },
      nextAppointment: nextAppointment && { ...nextAppointment, at: new Date(nextAppointment.at) },
    },
    staff: stored.staff.map((person) => ({
      ...person,
      lastCallEndedAt: person.lastCallEndedAt === null ? null : new Date(person.lastCallEndedAt),
    })),
  };
}
