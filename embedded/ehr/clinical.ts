import type {
  Appointment,
  CareTeam,
  CodeableConcept,
  Condition,
  Encounter,
  Flag,
  Observation,
  Patient,
  Reference,
  Resource,
} from '@medplum/fhirtypes';
import type { ClinicalPlan } from './clinical-plan.ts';
import type { ProblemTemplate } from './problems.ts';
import type { Random } from './random.ts';
import { NURSES, practitioner } from './staff.ts';

type By = { readonly id: string; readonly name: string };
type Chart = { readonly patient: Patient; readonly pcp: By; readonly plan: ClinicalPlan; readonly now: Date };

const SNOMED = 'http://snomed.info/sct';
const LOINC = 'http://loinc.org';
const concept = (system: string, code: string, text?: string): CodeableConcept => ({
  coding: [{ system, code }],
  ...(text ? { text } : {}),
});
const terminology = (name: string, code: string) => concept(`http://terminology.hl7.org/CodeSystem/${name}`, code);

/** Everything in one patient's chart besides the Patient, with dates told from `now`. */
export function chartResources(chart: Chart, random: Random): Resource[] {
  return [
    ...chart.plan.problems.flatMap((problem, i) => problemResources(chart, problem, i)),
    ...allergies(chart),
    ...visits(chart),
    ...appointments(chart),
    ...vitals(chart, random),
    ...openWork(chart),
    ...flags(chart),
    careTeam(chart),
  ];
}

function subject({ patient }: Chart): Reference<Patient> & { reference: string } {
  return { reference: `Patient/${patient.id}` };
}

/** `days` from today (negative: ago), at that UTC hour. */
function at({ now }: Chart, days: number, hour = 15, minute = 0): string {
  return new Date(
    Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + days, hour, minute),
  ).toISOString();
}

function problemResources(chart: Chart, problem: ProblemTemplate, index: number): Resource[] {
  const { patient, pcp } = chart;
  const condition: Condition = {
    resourceType: 'Condition',
    id: `${patient.id}-problem-${index + 1}`,
    clinicalStatus: terminology('condition-clinical', 'active'),
    verificationStatus: terminology('condition-ver-status', 'confirmed'),
    category: [terminology('condition-category', 'problem-list-item')],
    code: concept(SNOMED, problem.code, problem.text),
    // The first is the main one: it alone is severe.
    ...(index === 0 ? { severity: concept(SNOMED, '24484000', 'Severe') } : {}),
    subject: subject(chart),
    onsetDateTime: at(chart, -400 - 300 * index).slice(0, 10),
    recordedDate: at(chart, -400 - 300 * index),
  };
  if (!problem.medication) return [condition];
  return [
    condition,
    {
      resourceType: 'MedicationRequest',
      id: `${patient.id}-medication-${index + 1}`,
      status: 'active',
      intent: 'order',
      medicationCodeableConcept: { text: problem.medication.text },
      subject: subject(chart),
      authoredOn: at(chart, -90 - 10 * index),
      requester: practitioner(pcp),
      dosageInstruction: [{ text: problem.medication.dosage }],
    },
  ];
}

function allergies(chart: Chart): Resource[] {
  return chart.plan.allergies.map((allergy, i) => ({
    resourceType: 'AllergyIntolerance',
    id: `${chart.patient.id}-allergy-${i + 1}`,
    clinicalStatus: terminology('allergyintolerance-clinical', 'active'),
    criticality: allergy.criticality,
    code: concept(SNOMED, allergy.code, allergy.text),
    patient: subject(chart),
    reaction: [{ manifestation: [{ text: allergy.reaction }] }],
  }));
}

function visits(chart: Chart): Encounter[] {
  return chart.plan.visits.map(({ daysAgo, reason }, i) => ({
    resourceType: 'Encounter',
    id: `${chart.patient.id}-visit-${i + 1}`,
    status: 'finished',
    class: { system: 'http://terminology.hl7.org/CodeSystem/v3-ActCode', code: 'AMB', display: 'ambulatory' },
    subject: subject(chart),
    participant: [{ individual: practitioner(chart.pcp) }],
    period: { start: at(chart, -daysAgo, 15), end: at(chart, -daysAgo, 15, 20) },
    reasonCode: [{ text: reason }],
  }));
}

function appointments(chart: Chart): Appointment[] {
  const { plan, patient } = chart;
  const appointment = (id: string, days: number, status: Appointment['status'], text: string): Appointment => ({
    resourceType: 'Appointment',
    id: `${patient.id}-appointment-${id}`,
    status,
    start: at(chart, days, 19),
    end: at(chart, days, 19, 20),
    reasonCode: [{ text }],
    participant: [
      { actor: subject(chart), status: 'accepted' },
      { actor: practitioner(chart.pcp), status: 'accepted' },
    ],
  });
  const last = plan.visits[0];
  return [
    ...(last ? [appointment('past', -last.daysAgo, 'fulfilled', last.reason)] : []),
    ...(plan.appointmentInDays === null ? [] : [appointment('next', plan.appointmentInDays, 'booked', 'Follow-up')]),
  ];
}

function vitals(chart: Chart, random: Random): Observation[] {
  const last = chart.plan.visits[0];
  if (!last) return [];
  const common = {
    resourceType: 'Observation' as const,
    status: 'final' as const,
    category: [terminology('observation-category', 'vital-signs')],
    subject: subject(chart),
    effectiveDateTime: at(chart, -last.daysAgo, 15, 5),
  };
  const quantity = (value: number, unit: string, code: string) => ({
    value,
    unit,
    system: 'http://unitsofmeasure.org',
    code,
  });
  const part = (code: string, text: string, value: number) => ({
    code: concept(LOINC, code, text),
    valueQuantity: quantity(value, 'mmHg', 'mm[Hg]'),
  });
  return [
    {
      ...common,
      id: `${chart.patient.id}-blood-pressure`,
      code: concept(LOINC, '85354-9', 'Blood pressure'),
      component: [
        part('8480-6', 'Systolic blood pressure', random.int(104, 158)),
        part('8462-4', 'Diastolic blood pressure', random.int(62, 96)),
      ],
    },
    {
      ...common,
      id: `${chart.patient.id}-heart-rate`,
      code: concept(LOINC, '8867-4', 'Heart rate'),
      valueQuantity: quantity(random.int(56, 98), 'beats/minute', '/min'),
    },
    {
      ...common,
      id: `${chart.patient.id}-weight`,
      code: concept(LOINC, '29463-7', 'Body weight'),
      valueQuantity: quantity(random.int(480, 1060) / 10, 'kg', 'kg'),
    },
  ];
}

/** Open orders, results that nobody has told the patient, open tasks. */
function openWork(chart: Chart): Resource[] {
  const { plan, patient, pcp } = chart;
  const work: Resource[] = [];
  if (plan.order)
    work.push({
      resourceType: 'ServiceRequest',
      id: `${patient.id}-order`,
      status: 'active',
      intent: 'order',
      code: { text: plan.order.text },
      subject: subject(chart),
      authoredOn: at(chart, -4),
      requester: practitioner(plan.order.by),
    });
  if (plan.result)
    work.push({
      resourceType: 'DiagnosticReport',
      id: `${patient.id}-result`,
      status: 'preliminary',
      code: { text: plan.result.text },
      subject: subject(chart),
      effectiveDateTime: at(chart, -2),
      issued: at(chart, -1, 20),
      resultsInterpreter: [practitioner(plan.result.by)],
      performer: [practitioner(plan.result.by)],
    });
  if (plan.task)
    work.push({
      resourceType: 'Task',
      id: `${patient.id}-task`,
      status: 'requested',
      intent: 'order',
      description: plan.task,
      for: subject(chart),
      authoredOn: at(chart, -1, 14),
      owner: practitioner(pcp),
    });
  return work;
}

function flags(chart: Chart): Flag[] {
  return chart.plan.flags.map((text, i) => ({
    resourceType: 'Flag',
    id: `${chart.patient.id}-flag-${i + 1}`,
    status: 'active',
    category: [terminology('flag-category', 'safety')],
    code: { text },
    subject: subject(chart),
  }));
}

function careTeam(chart: Chart): CareTeam {
  const nurse = NURSES[chart.pcp.id === 'pract-lindqvist' ? 1 : 0];
  return {
    resourceType: 'CareTeam',
    id: `${chart.patient.id}-care-team`,
    status: 'active',
    subject: subject(chart),
    participant: [
      { role: [{ text: 'Primary care provider' }], member: practitioner(chart.pcp) },
      { role: [{ text: 'Care coordinator' }], member: practitioner(nurse) },
    ],
  };
}
