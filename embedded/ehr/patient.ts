import type { Address, ContactPoint, Extension, Patient, PatientContact } from '@medplum/fhirtypes';
import { CLINIC, practitioner } from './staff.ts';

export type PersonSpec = {
  readonly id: string;
  readonly mrn: string;
  readonly given: string;
  readonly family: string;
  readonly gender: 'female' | 'male' | 'other';
  /** ISO date. */
  readonly birthDate: string;
  readonly telecom: ContactPoint[];
  readonly address: Address;
  readonly pcp: { readonly id: string; readonly name: string };
  /** BCP 47; absent: English. */
  readonly language?: string;
  readonly interpreter?: boolean;
  readonly preferredName?: string;
  readonly pronouns?: string;
  readonly contact?: PatientContact[];
};

const LANGUAGES: Readonly<Record<string, string>> = {
  en: 'English',
  es: 'Spanish',
  fr: 'French',
  vi: 'Vietnamese',
  am: 'Amharic',
};

/** A phone as a chart keeps it: number as typed, use, rank. */
export function phone(
  value: string,
  use: NonNullable<ContactPoint['use']>,
  more: Partial<ContactPoint> = {},
): ContactPoint {
  return { system: 'phone', value, use, ...more };
}

/** The person as a FHIR Patient. */
export function patientResource(spec: PersonSpec): Patient {
  const language = spec.language ?? 'en';
  const extension: Extension[] = [];
  if (spec.interpreter)
    extension.push({
      url: 'http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired',
      valueBoolean: true,
    });
  if (spec.pronouns)
    extension.push({
      url: 'http://hl7.org/fhir/StructureDefinition/individual-pronouns',
      extension: [{ url: 'value', valueCodeableConcept: { text: spec.pronouns } }],
    });
  return {
    resourceType: 'Patient',
    id: spec.id,
    ...(extension.length > 0 ? { extension } : {}),
    identifier: [
      {
        type: { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v2-0203', code: 'MR' }] },
        system: 'https://ehr.cedar.example/mrn',
        value: spec.mrn,
      },
    ],
    active: true,
    name: [
      { use: 'official', family: spec.family, given: [spec.given] },
      ...(spec.preferredName ? [{ use: 'usual' as const, given: [spec.preferredName], family: spec.family }] : []),
    ],
    telecom: spec.telecom,
    gender: spec.gender,
    birthDate: spec.birthDate,
    address: [spec.address],
    communication: [
      {
        language: { coding: [{ system: 'urn:ietf:bcp:47', code: language }], text: LANGUAGES[language] ?? language },
        preferred: true,
      },
    ],
    generalPractitioner: [practitioner(spec.pcp)],
    managingOrganization: { reference: `Organization/${CLINIC.id}`, display: CLINIC.name },
    ...(spec.contact ? { contact: spec.contact } : {}),
  };
}
