import type { Candidate, ChartSummary, Part, Visit } from '../ehr/types.ts';
import type { CandidateView, CardView, PartView } from './api-types.ts';

/** Whole years on `today` (UTC) for an ISO birth date, which may be a year or a month only; null: not a date or not born yet. */
export function ageInYears(birthDate: string | null, today: Date): number | null {
  const parts = /^(\d{4})(?:-(\d{2})(?:-(\d{2}))?)?/.exec(birthDate ?? '');
  if (!parts) return null;
  const [year, month, day] = [Number(parts[1]), Number(parts[2] ?? 1), Number(parts[3] ?? 1)];
  const birthday = Date.UTC(today.getUTCFullYear(), month - 1, day);
  const age = today.getUTCFullYear() - year - (today.getTime() < birthday ? 1 : 0);
  return age < 0 ? null : age;
}

/** A candidate as the screen shows it. Without a relation the number says nothing: staff found them by search. */
export function candidateView(
  candidate: Omit<Candidate, 'relation' | 'heldBy'> & Partial<Pick<Candidate, 'relation' | 'heldBy'>>,
  today: Date,
): CandidateView {
  return {
    patientId: candidate.patientId,
    name: candidate.name,
    ageYears: ageInYears(candidate.birthDate, today),
    birthDate: candidate.birthDate,
    gender: candidate.gender,
    mrn: candidate.mrn,
    relation: candidate.relation ?? 'related',
    heldBy: candidate.heldBy ?? null,
    because: candidate.because,
  };
}

/** The card of a chart summary. */
export function cardView(summary: ChartSummary): CardView {
  const { demographics } = summary;
  return {
    patientId: summary.patientId,
    preferredName: part(demographics, (value) => value.preferredName),
    pronouns: part(demographics, (value) => value.pronouns),
    language: part(demographics, (value) => value.language),
    interpreterNeeded: demographics.state !== 'unavailable' && demographics.value.interpreterNeeded,
    pcp: part(demographics, (value) => value.pcp?.name ?? null),
    problems: part(summary.problems, (all) => all.map(({ text, main }) => ({ text, main }))),
    allergies: part(summary.allergies, (all) =>
      all.map(({ text, criticality, reaction }) => ({ text, criticality, reaction })),
    ),
    medications: part(summary.medications, (all) => all.map(({ text, dosage }) => ({ text, dosage }))),
    vitals: part(summary.vitals, (all) => all.map(({ text, value, at }) => ({ text, value, at }))),
    lastVisit: part(summary.lastVisit, visit),
    nextAppointment: part(summary.nextAppointment, visit),
    openItems: part(summary.openItems, (all) => all.map(({ kind, text, at }) => ({ kind, text, at }))),
    flags: part(summary.flags, (all) => all.map(({ text }) => text)),
  };
}

/** The card before the chart has answered. */
export function pendingCard(patientId: string): CardView {
  const pending = { state: 'pending' } as const;
  return {
    patientId,
    preferredName: pending,
    pronouns: pending,
    language: pending,
    interpreterNeeded: false,
    pcp: pending,
    problems: pending,
    allergies: pending,
    medications: pending,
    vitals: pending,
    lastVisit: pending,
    nextAppointment: pending,
    openItems: pending,
    flags: pending,
  };
}

function part<From, To>(from: Part<From>, view: (value: From) => To): PartView<To> {
  if (from.state === 'unavailable') return from;
  return { state: from.state, asOf: from.asOf.toISOString(), value: view(from.value) };
}

function visit(from: Visit | null): { at: string; reason: string | null; practitioner: string | null } | null {
  return from && { at: from.at, reason: from.reason, practitioner: from.practitioner };
}
