import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { E164 } from '../sip/address.ts';
import { stateOfAreaCode } from './area-codes.ts';

/* May this call be recorded, and what must be said first? Pure. Not legal advice: rows of `consent_rule` decide. */

/** ISO 3166: 'US-CA' for a US state or territory, 'DE' for another country. */
export type Place = string;

export type ConsentRule = {
  readonly place: Place;
  /** What calls follow: mixed law counts as all-party. */
  readonly treatAs: 'one-party' | 'all-party';
};

/** What a line does; `recording_policy`. */
export type RecordingPolicy = {
  readonly mode: 'off' | 'law' | 'announce' | 'ask';
  /** Share of calls, 0 to 100. */
  readonly percentage: number;
};

export type ConsentFacts = {
  readonly policy: RecordingPolicy;
  /** Where the clinic answers; null: nobody said. */
  readonly clinic: Place | null;
  /** Every place the other party may be in: the number's, the patient's address. Empty or null: unknown. */
  readonly parties: readonly (Place | null)[];
  /** This party has said no, on this call or before. */
  readonly refused: boolean;
  /** 0 to 99, fixed for the call: which share it falls into. */
  readonly sample: number;
};

/** `because` is for the consent row and the screen. `record`: silently, which only a relaxed line may. */
export type ConsentDecision = {
  readonly outcome: 'record' | 'announce' | 'ask' | 'doNotRecord';
  readonly because: string;
};

/** Decides before a word is recorded, and again for each party who joins later. */
export function decideConsent(facts: ConsentFacts, rules: ReadonlyMap<Place, ConsentRule>): ConsentDecision {
  const { policy } = facts;
  if (facts.refused) return { outcome: 'doNotRecord', because: 'the party said no' };
  if (policy.mode === 'off') return { outcome: 'doNotRecord', because: 'recording is off on this line' };
  if (facts.sample >= policy.percentage) {
    return { outcome: 'doNotRecord', because: `not among the ${policy.percentage}% that are recorded` };
  }
  if (policy.mode === 'ask') return { outcome: 'ask', because: 'this line asks every caller' };
  if (policy.mode === 'announce') return { outcome: 'announce', because: 'this line announces on every call' };
  const obstacle = whyNotSilently(facts, rules);
  return obstacle === null
    ? { outcome: 'record', because: `every party is in ${facts.clinic}, where one party's consent is enough` }
    : { outcome: 'announce', because: obstacle };
}

/** Null: every party is in the clinic's own state, and one party's consent is enough there. */
function whyNotSilently(facts: ConsentFacts, rules: ReadonlyMap<Place, ConsentRule>): string | null {
  if (facts.clinic === null) return "the clinic's place is not known";
  const parties = facts.parties.length === 0 ? [null] : facts.parties;
  for (const place of [facts.clinic, ...parties]) {
    if (place === null) return "the other party's place is not known";
    if (rules.get(place)?.treatAs !== 'one-party') return `${place} asks for everybody's consent`;
    if (place !== facts.clinic) return `a party is in ${place}, the clinic in ${facts.clinic}`;
  }
  return null;
}

/** Where a number's holder is likely to be; null: nobody can say (toll-free, mobile ranges of no place, a US code we do not know). */
export function placeOfNumber(number: E164 | null): Place | null {
  const parsed = number === null ? undefined : parsePhoneNumberFromString(number);
  if (!parsed) return null;
  if (parsed.countryCallingCode === '1') {
    const state = stateOfAreaCode(parsed.nationalNumber.slice(0, 3));
    if (state !== null) return `US-${state}`;
    return parsed.country === undefined || parsed.country === 'US' ? null : parsed.country;
  }
  return parsed.country ?? null;
}

/** A patient's address as a place; `state` as in FHIR Address.state: a US postal code ('CA') counts, a spelled-out name does not. */
export function placeOfAddress(address: {
  readonly country: string | null;
  readonly state: string | null;
}): Place | null {
  const country = address.country?.trim().toUpperCase() ?? 'US';
  if (country === 'US' || country === 'USA') {
    const state = address.state?.trim().toUpperCase() ?? '';
    return /^[A-Z]{2}$/.test(state) ? `US-${state}` : null;
  }
  return /^[A-Z]{2}$/.test(country) ? country : null;
}

/** The share a call falls into, from the random bits of its id (a version 4 UUID). */
export function sampleOf(callId: string): number {
  return Number.parseInt(callId.slice(0, 8), 16) % 100;
}
