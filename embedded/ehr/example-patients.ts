import type { Address, Patient, RelatedPerson } from '@medplum/fhirtypes';
import { EXAMPLES, PRACTITIONERS } from './examples.ts';
import { patientResource, phone } from './patient.ts';

const { ruiz, okafor, lindqvist } = PRACTITIONERS;
const address = (line: string, city: string, state: string, postalCode: string): Address => ({
  use: 'home',
  line: [line],
  city,
  state,
  postalCode,
  country: 'US',
});
const guardian = (code: string, text: string) => [
  { coding: [{ system: 'http://terminology.hl7.org/CodeSystem/v3-RoleCode', code }], text },
];

/** The people of `EXAMPLES`, by hand. */
export function examplePatients(): Patient[] {
  return [
    patientResource({
      id: EXAMPLES.known.patientId,
      mrn: '200001',
      given: 'Rosalind',
      family: 'Achebe',
      preferredName: 'Roz',
      pronouns: 'she/her',
      gender: 'female',
      birthDate: '1968-03-14',
      telecom: [
        phone('(202) 555-0143', 'mobile', { rank: 1 }),
        phone('301-555-0191', 'home', { rank: 2 }),
        { system: 'email', value: 'roz.achebe@mail.example' },
      ],
      address: address('41 Birchmere Lane', 'Washington', 'DC', '20012'),
      pcp: ruiz,
    }),
    ...haddadFamily(),
    patientResource({
      id: EXAMPLES.openResult.patientId,
      mrn: '200005',
      given: 'Quang',
      family: 'Tran',
      gender: 'male',
      birthDate: '1957-11-02',
      telecom: [phone('+1 301 555 0118', 'mobile', { rank: 1 })],
      address: address('8 Granite Hill Road', 'Silver Spring', 'MD', '20910'),
      language: 'vi',
      pcp: okafor,
    }),
    patientResource({
      id: EXAMPLES.spanish.patientId,
      mrn: '200006',
      given: 'Graciela',
      family: 'Villaseñor',
      gender: 'female',
      birthDate: '1975-06-29',
      telecom: [phone('410.555.0164', 'mobile', { rank: 1 })],
      address: address('230 Harbor View Drive', 'Baltimore', 'MD', '21218'),
      language: 'es',
      interpreter: true,
      pcp: ruiz,
    }),
    patientResource({
      id: EXAMPLES.related.patientId,
      mrn: '200007',
      given: 'Grigor',
      family: 'Petrov',
      gender: 'male',
      birthDate: '1939-01-20',
      telecom: [phone('703-555-0181', 'home')],
      address: address('17 Canal Road', 'Arlington', 'VA', '22204'),
      pcp: okafor,
    }),
    patientResource({
      id: EXAMPLES.newNumber.patientId,
      mrn: '200008',
      given: 'Adaeze',
      family: 'Okonkwo',
      gender: 'female',
      birthDate: '1990-09-08',
      telecom: [
        phone('(202) 555-0171', 'old', { period: { start: '2019-02-01', end: '2025-10-31' } }),
        phone('(202) 555-0172', 'mobile', { rank: 1, period: { start: '2025-11-01' } }),
      ],
      address: address('5 Foxglove Way', 'Hyattsville', 'MD', '20781'),
      pcp: lindqvist,
    }),
    patientResource({
      id: EXAMPLES.oddFormat.patientId,
      mrn: '200009',
      given: 'Sigrid',
      family: 'Lund',
      gender: 'female',
      birthDate: '1948-12-01',
      telecom: [phone('(301) 555.0156 x12', 'work', { rank: 1 }), phone('ask at front desk', 'home')],
      address: address('77 Elmhurst Avenue', 'Silver Spring', 'MD', '20910'),
      pcp: lindqvist,
    }),
    patientResource({
      id: EXAMPLES.flagged.patientId,
      mrn: '200010',
      given: 'Corin',
      family: 'Bellamy',
      gender: 'other',
      pronouns: 'they/them',
      birthDate: '1994-04-17',
      telecom: [phone('tel:+1-443-555-0149', 'mobile', { rank: 1 })],
      address: address('12 Juniper Place', 'Baltimore', 'MD', '21218'),
      pcp: okafor,
    }),
  ];
}

/** A mother and two children on one household line; her mobile is the children's contact. */
function haddadFamily(): Patient[] {
  const household = {
    family: 'Haddad',
    address: address('302 Dogwood Street', 'Alexandria', 'VA', '22314'),
    pcp: lindqvist,
  };
  const line = phone('202-555-0127', 'home', { rank: 1 });
  const mother = {
    relationship: guardian('MTH', 'mother'),
    name: { family: 'Haddad', given: ['Leila'] },
    telecom: [phone('571-555-0128', 'mobile')],
  };
  return [
    patientResource({
      ...household,
      id: 'pat-haddad-leila',
      mrn: '200002',
      given: 'Leila',
      gender: 'female',
      birthDate: '1987-08-23',
      telecom: [line, phone('571-555-0128', 'mobile', { rank: 2 })],
    }),
    patientResource({
      ...household,
      id: 'pat-haddad-noor',
      mrn: '200003',
      given: 'Noor',
      gender: 'female',
      birthDate: '2016-05-11',
      telecom: [line],
      contact: [mother],
    }),
    patientResource({
      ...household,
      id: 'pat-haddad-sami',
      mrn: '200004',
      given: 'Sami',
      gender: 'male',
      birthDate: '2019-02-02',
      telecom: [line],
      contact: [mother],
    }),
  ];
}

/** Grigor Petrov's daughter, who calls for him. */
export function exampleRelatives(): RelatedPerson[] {
  return [
    {
      resourceType: 'RelatedPerson',
      id: 'rel-petrov-daughter',
      active: true,
      patient: { reference: `Patient/${EXAMPLES.related.patientId}` },
      relationship: guardian('DAUC', EXAMPLES.related.heldBy),
      name: [{ family: 'Petrov-Hale', given: ['Milena'] }],
      telecom: [phone('(571) 555-0135', 'mobile')],
    },
  ];
}
