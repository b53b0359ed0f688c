import type { Patient, Resource } from '@medplum/fhirtypes';
import { chartResources } from './clinical.ts';
import { planChart } from './clinical-plan.ts';
import { examplePatients, exampleRelatives } from './example-patients.ts';
import { PRACTITIONERS } from './examples.ts';
import { households } from './households.ts';
import { Random } from './random.ts';
import { DOCTORS, staffResources } from './staff.ts';

/** When people and staff were last edited: fixed, so that a restart looks like no change to whoever syncs. */
const EDITED_AT = '2026-01-05T12:00:00.000Z';

/** The whole clinic: the same people for ever, with visits and appointments around `now`. */
export function demoClinic(now: Date, patientCount = 200): Resource[] {
  const random = new Random(20_260_105);
  const examples = examplePatients();
  const families = households(random, patientCount - examples.length);
  const patients = [...examples, ...families.patients];
  const people = [...staffResources(), ...patients, ...exampleRelatives(), ...families.relatives];
  const charts = patients.flatMap((patient) => {
    const pcp = pcpOf(patient);
    const plan = planChart(patient, pcp, random);
    return chartResources({ patient, pcp, plan, now }, random);
  });
  return [
    ...people.map((resource) => edited(resource, EDITED_AT)),
    ...charts.map((resource) => edited(resource, new Date(now.getTime() - 3_600_000).toISOString())),
  ];
}

function pcpOf(patient: Patient) {
  const reference = patient.generalPractitioner?.[0]?.reference;
  return DOCTORS.find((doctor) => reference === `Practitioner/${doctor.id}`) ?? PRACTITIONERS.ruiz;
}

function edited(resource: Resource, lastUpdated: string): Resource {
  return { ...resource, meta: { lastUpdated, versionId: '1' } };
}
