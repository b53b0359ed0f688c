import type { CallView, CardView, PartView, Role } from '../api-types.ts';

/*
 * Minimum necessary (45 CFR 164.502(b)): what a role sees of a caller, by how sure we are who calls (design.md §5).
 * The number is the lowest assurance level at which the part is shown; '-' is never. Any card needs one known patient:
 * while several candidates are possible, everybody sees their identities only, to ask the caller which of them it is.
 *
 *   part                                front-desk  nurse  provider  supervisor  admin  privacy-officer
 *   number that calls                       0         0       0          0         -          0
 *   identity: name, age, birth date,        0         0       0          0         -          0
 *     MRN, relation, why likely
 *   address: preferred name, pronouns,      1         1       1          1         -          -
 *     language, interpreter
 *   agenda: PCP, appointment, last visit,   1         1       1          1         -          -
 *     open items
 *   allergies (below it: only that          2         1       1          1         -          -
 *     some are on file)
 *   clinical: problems, medications,        2         1       1          1         -          -
 *     vitals, flags
 *
 * Front desk reads the agenda without its reasons for visit and the texts of results until level 2: those are clinical.
 */

export type Part = 'number' | 'identity' | 'address' | 'agenda' | 'allergies' | 'clinical';
type Least = 0 | 1 | 2 | 3 | 4 | 'never';

const patientFacing = { nurse: 1, provider: 1, supervisor: 1, admin: 'never', 'privacy-officer': 'never' } as const;
const allButAdmin = {
  'front-desk': 0,
  nurse: 0,
  provider: 0,
  supervisor: 0,
  admin: 'never',
  'privacy-officer': 0,
} as const;

const least: Readonly<Record<Part, Readonly<Record<Role, Least>>>> = {
  number: allButAdmin,
  identity: allButAdmin,
  address: { 'front-desk': 1, ...patientFacing },
  agenda: { 'front-desk': 1, ...patientFacing },
  allergies: { 'front-desk': 2, ...patientFacing },
  clinical: { 'front-desk': 2, ...patientFacing },
};

export type Disclosure = 'show' | 'role' | 'assurance';

/** Whether `role` sees `part` at `assurance`: 'show', or what keeps it back. */
export function disclosure(role: Role, part: Part, assurance: number): Disclosure {
  const level = least[part][role];
  if (level === 'never') return 'role';
  return assurance >= level ? 'show' : 'assurance';
}

/** The call as `role` may see it now. A complete call in, a copy without what is kept back out. */
export function redactCall(call: CallView, role: Role): CallView {
  const identity = disclosure(role, 'identity', call.assurance) === 'show';
  const number = disclosure(role, 'number', call.assurance) === 'show';
  const settled = call.patientId !== null && call.card?.patientId === call.patientId;
  return {
    ...call,
    callerNumber: number ? call.callerNumber : mask(call.callerNumber),
    callerName: number || call.emergency ? call.callerName : null,
    dialled: number || call.emergency ? call.dialled : mask(call.dialled),
    assuranceBecause: identity ? call.assuranceBecause : null,
    candidates: identity ? call.candidates : [],
    patientId: identity ? call.patientId : null,
    card: call.card && settled && identity ? redactCard(call.card, role, call.assurance) : null,
  };
}

/** The parts of the card that `role` is shown, for the audit. Empty: no card. */
export function shownParts(call: CallView, role: Role): Part[] {
  const parts: Part[] = ['address', 'agenda', 'allergies', 'clinical'];
  if (!redactCall(call, role).card) return [];
  return parts.filter((part) => disclosure(role, part, call.assurance) === 'show');
}

function redactCard(card: CardView, role: Role, assurance: number): CardView | null {
  const on = (part: Part) => disclosure(role, part, assurance);
  if ((['address', 'agenda', 'allergies', 'clinical'] as const).every((part) => on(part) !== 'show')) return null;
  const keep = <T>(part: Part, value: PartView<T>): PartView<T> => hideUnless(on(part), value, null);
  const clinical = on('clinical') === 'show';
  return {
    patientId: card.patientId,
    preferredName: keep('address', card.preferredName),
    pronouns: keep('address', card.pronouns),
    language: keep('address', card.language),
    interpreterNeeded: on('address') === 'show' && card.interpreterNeeded,
    pcp: keep('agenda', card.pcp),
    problems: keep('clinical', card.problems),
    allergies: hideUnless(on('allergies'), card.allergies, anyOnFile(card.allergies, on('agenda') === 'show')),
    medications: keep('clinical', card.medications),
    vitals: keep('clinical', card.vitals),
    lastVisit: keep('agenda', clinical ? card.lastVisit : withValue(card.lastVisit, withoutReason)),
    nextAppointment: keep('agenda', clinical ? card.nextAppointment : withValue(card.nextAppointment, withoutReason)),
    openItems: keep(
      'agenda',
      clinical ? card.openItems : withValue(card.openItems, (items) => items.map((item) => ({ ...item, text: '' }))),
    ),
    flags: keep('clinical', card.flags),
  };
}

function hideUnless<T>(outcome: Disclosure, part: PartView<T>, present: boolean | null): PartView<T> {
  return outcome === 'show' ? part : { state: 'hidden', because: outcome, present };
}

function anyOnFile(part: PartView<readonly unknown[]>, allowed: boolean): boolean | null {
  return allowed && (part.state === 'fresh' || part.state === 'cached') ? part.value.length > 0 : null;
}

function withValue<T>(part: PartView<T>, change: (value: T) => T): PartView<T> {
  return part.state === 'fresh' || part.state === 'cached' ? { ...part, value: change(part.value) } : part;
}

function withoutReason<T extends { readonly reason: string | null } | null>(visit: T): T {
  return visit && { ...visit, reason: null };
}

/** Enough to tell two calls apart, not to ring back. */
function mask(number: string | null): string | null {
  return number && `${'•'.repeat(Math.max(0, number.length - 2))}${number.slice(-2)}`;
}
