import type { E164 } from '../sip/address.ts';
import type { CallerMatch, Candidate, MatchRelation, PatientId } from './types.ts';

/** What the phone index holds of one number under one patient. Dates are ISO and whole days. */
export type IndexHit = {
  readonly patientId: PatientId;
  readonly name: string;
  readonly birthDate: string | null;
  readonly gender: string | null;
  readonly mrn: string | null;
  readonly active: boolean;
  readonly relation: MatchRelation;
  readonly heldBy: string | null;
  readonly use: string | null;
  readonly validFrom: string | null;
  readonly validUntil: string | null;
};

/** Something of late that makes a patient the likelier one to be called about. */
export type Activity = {
  readonly patientId: PatientId;
  readonly kind: 'appointment' | 'result' | 'missed-call';
  readonly at: Date;
};

/** Why a number is nobody's, whatever the charts say. */
export type NumberException = 'blocked' | 'clinic' | 'facility' | 'relay';

export type IndexAnswer = {
  readonly hits: readonly IndexHit[];
  readonly activity: readonly Activity[];
  readonly exception: NumberException | null;
};

/** A number on more charts than this belongs to a facility, a shelter or a fax sheet, not to a person. */
export const MOST_CHARTS = 6;

/**
 * Which patients `number` may mean on the day of `at`, strongest first, with reasons; never one chosen among several.
 * `number` null: the caller withheld it.
 */
export function matchCaller(number: E164 | null, answer: IndexAnswer, at: Date): CallerMatch {
  if (number === null) return { kind: 'withheld' };
  if (answer.exception) return { kind: 'none', not: answer.exception, because: EXCEPTION_TEXT[answer.exception] };
  const current = answer.hits.filter((hit) => hit.active && isCurrent(hit, at));
  const charts = new Set(current.map(({ patientId }) => patientId)).size;
  if (charts > MOST_CHARTS)
    return { kind: 'none', not: 'shared', because: `on ${charts} charts, not one person's; ask who is calling` };
  if (charts === 0)
    return answer.hits.length > 0
      ? { kind: 'none', not: 'given-up', because: 'only on charts as a number that is no longer used' }
      : { kind: 'none' };
  const candidates = rank(strongest(current), answer.activity, at);
  const [only, ...others] = candidates;
  return only && others.length === 0 ? { kind: 'one', candidate: only } : { kind: 'several', candidates };
}

const EXCEPTION_TEXT: Readonly<Record<NumberException, string>> = {
  blocked: 'a blocked number',
  clinic: "one of the clinic's own numbers",
  facility: "a facility's number, not one person's; ask who is calling",
  relay: "a relay service's number, not the caller's own",
};

/** ContactPoint.use `old` and a period that has ended or not begun never match (FHIR R4 §2.24.0.9). */
function isCurrent(hit: IndexHit, at: Date): boolean {
  const today = at.toISOString().slice(0, 10);
  return (
    hit.use !== 'old' &&
    (hit.validFrom === null || hit.validFrom <= today) &&
    (hit.validUntil === null || hit.validUntil >= today)
  );
}

const STRENGTH: readonly MatchRelation[] = ['primary', 'alternate', 'household', 'related'];
const strength = ({ relation }: { relation: MatchRelation }) => STRENGTH.indexOf(relation);

/** One hit a patient, the strongest; a home line that several have as their own is a household's. */
function strongest(hits: readonly IndexHit[]): IndexHit[] {
  const byPatient = new Map<PatientId, IndexHit>();
  for (const hit of hits) {
    const known = byPatient.get(hit.patientId);
    if (!known || strength(hit) < strength(known)) byPatient.set(hit.patientId, hit);
  }
  const all = [...byPatient.values()];
  const own = all.filter(({ relation }) => relation !== 'related');
  if (own.length < 2) return all;
  return all.map((hit) => (hit.relation !== 'related' && hit.use === 'home' ? { ...hit, relation: 'household' } : hit));
}

function rank(hits: readonly IndexHit[], activity: readonly Activity[], at: Date): Candidate[] {
  return hits
    .map((hit) => {
      const lately = activity.filter(({ patientId }) => patientId === hit.patientId);
      const reasons = lately
        .flatMap((event) => reasonOf(event, at))
        .toSorted((a, b) => b.weight - a.weight || a.text.localeCompare(b.text));
      const score = reasons[0]?.weight ?? 0;
      const because = [relationText(hit), ...new Set(reasons.map(({ text }) => text))].join('; ');
      return { hit, score, because };
    })
    .toSorted(
      (a, b) =>
        b.score - a.score ||
        strength(a.hit) - strength(b.hit) ||
        // Parents call more than their children do.
        (a.hit.birthDate ?? '9999').localeCompare(b.hit.birthDate ?? '9999') ||
        a.hit.patientId.localeCompare(b.hit.patientId),
    )
    .map(({ hit, because }) => ({
      patientId: hit.patientId,
      name: hit.name,
      birthDate: hit.birthDate,
      gender: hit.gender,
      mrn: hit.mrn,
      relation: hit.relation,
      heldBy: hit.heldBy,
      because,
    }));
}

function relationText(hit: IndexHit): string {
  if (hit.relation === 'related') return `number of the patient's ${hit.heldBy ?? 'related person'}`;
  if (hit.relation === 'household') return 'household line';
  const use = hit.use ? ` (${hit.use})` : '';
  return hit.relation === 'primary' ? `the patient's primary number${use}` : `another number of the patient${use}`;
}

const DAY = 86_400_000;

function reasonOf(event: Activity, at: Date): { weight: number; text: string }[] {
  const days = (event.at.getTime() - at.getTime()) / DAY;
  switch (event.kind) {
    case 'appointment':
      return days >= -0.5 && days <= 2 ? [{ weight: 3, text: 'has a visit today or tomorrow' }] : [];
    case 'result':
      return days <= 0 && days >= -7 ? [{ weight: 2, text: 'a result of the last days waits' }] : [];
    case 'missed-call':
      return days <= 0 && days >= -3 ? [{ weight: 2, text: 'missed a call from us' }] : [];
    default:
      return event.kind satisfies never;
  }
}
