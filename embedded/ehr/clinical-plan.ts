import type { Patient } from '@medplum/fhirtypes';
import { EXAMPLES, PRACTITIONERS } from './examples.ts';
import {
  ALLERGIES,
  type AllergyTemplate,
  PENICILLIN,
  PROBLEMS,
  type ProblemTemplate,
  VISIT_REASONS,
} from './problems.ts';
import type { Random } from './random.ts';

type By = { readonly id: string; readonly name: string };

/** What a patient's chart shall hold, in days from today. */
export type ClinicalPlan = {
  /** The first is the main one. */
  readonly problems: readonly ProblemTemplate[];
  readonly allergies: readonly AllergyTemplate[];
  readonly visits: readonly { readonly daysAgo: number; readonly reason: string }[];
  readonly appointmentInDays: number | null;
  readonly order: { readonly text: string; readonly by: By } | null;
  readonly result: { readonly text: string; readonly by: By } | null;
  readonly task: string | null;
  readonly flags: readonly string[];
};

/** A likely chart for the person; the people of `EXAMPLES` get what their story needs. */
export function planChart(patient: Patient, pcp: By, random: Random): ClinicalPlan {
  const age = 2026 - Number(patient.birthDate?.slice(0, 4) ?? 1980);
  const fitting = PROBLEMS.filter(({ ages: [from, to] }) => age >= from && age <= to);
  const problems = random.some(fitting, age < 30 ? random.int(0, 1) : random.int(1, 4));
  const visits = Array.from({ length: random.int(0, 3) }, () => ({
    daysAgo: random.int(3, 500),
    reason: random.pick(VISIT_REASONS),
  })).sort((a, b) => a.daysAgo - b.daysAgo);
  const orderText = problems.find((problem) => problem.order)?.order;
  const order = orderText && random.chance(0.4) ? { text: orderText, by: pcp } : null;
  const plan: ClinicalPlan = {
    problems,
    allergies: random.chance(0.3) ? random.some(ALLERGIES, random.int(1, 2)) : [],
    visits,
    appointmentInDays: random.chance(0.35) ? random.int(0, 60) : null,
    order,
    result: orderText && random.chance(0.12) ? { text: orderText, by: pcp } : null,
    task: random.chance(0.08) ? 'Return call about medication question' : null,
    flags: random.chance(0.03) ? ['Fall risk'] : [],
  };
  return { ...plan, ...exampleCharts()[patient.id ?? ''] };
}

function exampleCharts(): Record<string, Partial<ClinicalPlan>> {
  const named = (...texts: string[]) => PROBLEMS.filter((problem) => texts.includes(problem.text));
  return {
    [EXAMPLES.known.patientId]: {
      problems: named('Atrial fibrillation', 'Hypertension').reverse(),
      allergies: [PENICILLIN],
      visits: [
        { daysAgo: 6, reason: 'Palpitations' },
        { daysAgo: 120, reason: 'Annual wellness visit' },
      ],
      appointmentInDays: 12,
      order: { text: 'Holter monitor 48 hours', by: PRACTITIONERS.ruiz },
      result: null,
      flags: [],
    },
    [EXAMPLES.openResult.patientId]: {
      problems: named('Type 2 diabetes mellitus'),
      visits: [{ daysAgo: 3, reason: 'Blood tests' }],
      appointmentInDays: null,
      order: null,
      result: { text: 'Hemoglobin A1c', by: PRACTITIONERS.okafor },
    },
    [EXAMPLES.spanish.patientId]: {
      problems: named('Asthma'),
      visits: [{ daysAgo: 40, reason: 'Cough and fever' }],
      appointmentInDays: 1,
    },
    [EXAMPLES.related.patientId]: {
      problems: named('Chronic obstructive lung disease', 'Hypertension'),
      task: 'Call the family about home oxygen',
    },
    'pat-haddad-noor': { problems: named('Asthma'), appointmentInDays: 0, visits: [], flags: [] },
    [EXAMPLES.flagged.patientId]: {
      flags: ['Confidential communication: call the mobile only, leave no message', 'Seizure precautions'],
      visits: [{ daysAgo: 20, reason: 'Medication review' }],
    },
  };
}
