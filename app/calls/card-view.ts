import { DateTime } from 'luxon';
import type { Candidate, ChartSummary, Part } from '../../ehr/types.ts';
import type { CandidateView, CardView, PartView } from '../api-types.ts';

/** A candidate as screens show it; the age is whole years on `today`. */
export function candidateView(candidate: Candidate, today: Date): CandidateView {
  return {
    patientId: candidate.patientId,
    name: candidate.name,
    ageYears: ageOn(candidate.birthDate, today),
    birthDate: candidate.birthDate,
    gender: candidate.gender,
    mrn: candidate.mrn,
    relation: candidate.relation,
    heldBy: candidate.heldBy,
    because: candidate.because,
  };
}

export function ageOn(birthDate: string | null, today: Date): number | null {
  if (birthDate === null) return null;
  const born = DateTime.fromISO(birthDate);
  const years = Math.floor(DateTime.fromJSDate(today).diff(born, 'years').years);
  return born.isValid && years >= 0 ? years : null;
}

function view<T, V>(part: Part<T>, show: (value: T) => V): PartView<V> {
  if (part.state === 'unavailable') return { state: 'unavailable', reason: part.reason };
  return { state: part.state, asOf: part.asOf.toISOString(), value: show(part.value) };
}

/** The chart summary as the card that screens show. What each role may see of it is decided later, per viewer. */
export function cardView(summary: ChartSummary): CardView {
  const { demographics } = summary;
  return {
    patientId: summary.patientId,
    preferredName: view(demographics, (d) => d.preferredName),
    pronouns: view(demographics, (d) => d.pronouns),
    language: view(demographics, (d) => d.language),
    interpreterNeeded: demographics.state !== 'unavailable' && demographics.value.interpreterNeeded,
    pcp: view(demographics, (d) => d.pcp?.name ?? null),
    problems: view(summary.problems, (all) => all.map(({ text, main }) => ({ text, main }))),
    allergies: view(summary.allergies, (all) =>
      all.map(({ text, criticality, reaction }) => ({ text, criticality, reaction })),
    ),
    medications: view(summary.medications, (all) => all.map(({ text, dosage }) => ({ text, dosage }))),
    vitals: view(summary.vitals, (all) => all.map(({ text, value, at }) => ({ text, value, at }))),
    lastVisit: view(
      summary.lastVisit,
      (visit) => visit && { at: visit.at, reason: visit.reason, practitioner: visit.practitioner },
    ),
    nextAppointment: view(
      summary.nextAppointment,
      (visit) => visit && { at: visit.at, reason: visit.reason, practitioner: visit.practitioner },
    ),
    openItems: view(summary.openItems, (all) => all.map(({ kind, text, at }) => ({ kind, text, at }))),
    flags: view(summary.flags, (all) => all.map(({ text }) => text)),
  };
}
