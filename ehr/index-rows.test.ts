import { describe, expect, test } from '@jest/globals';
import type { Patient, RelatedPerson } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { patientRows, relatedRows } from './index-rows.ts';

const rows = (patient: Partial<Patient>) => {
  const found = patientRows({ resourceType: 'Patient', id: 'p1', ...patient }, 'US');
  if (!found) throw new Error('no rows');
  return found;
};
const phones = (patient: Partial<Patient>) =>
  rows(patient).phones.map(({ number, relation, heldBy }) => [number, relation, heldBy].filter(Boolean).join(' '));

describe('which of the own numbers is primary', () => {
  test('the lowest rank', () => {
    const telecom: Patient['telecom'] = [
      { system: 'phone', value: '202-555-0111', use: 'mobile', rank: 2 },
      { system: 'phone', value: '202-555-0112', use: 'work', rank: 1 },
    ];
    expect(phones({ telecom })).toEqual(['+12025550111 alternate', '+12025550112 primary']);
  });

  test('without ranks the mobile, then home; never an old number', () => {
    const telecom: Patient['telecom'] = [
      { system: 'phone', value: '202-555-0111', use: 'home' },
      { system: 'phone', value: '202-555-0112', use: 'old' },
      { system: 'sms', value: '202-555-0113', use: 'mobile' },
      { system: 'fax', value: '202-555-0114' },
      { system: 'email', value: '2025550115@mail.example' },
    ];
    expect(phones({ telecom })).toEqual(['+12025550111 alternate', '+12025550112 alternate', '+12025550113 primary']);
  });

  test('a number listed twice is one row, the one in use', () => {
    const telecom: Patient['telecom'] = [
      { system: 'phone', value: '(202) 555-0111', use: 'home', period: { end: '2020' } },
      { system: 'phone', value: '+12025550111', use: 'mobile' },
    ];
    expect(rows({ telecom }).phones).toMatchObject([{ relation: 'primary', use: 'mobile', validUntil: null }]);
  });
});

test('contacts say their relationship and keep their own period', () => {
  const contact: Patient['contact'] = [
    {
      relationship: [{ coding: [{ code: 'MTH' }] }],
      period: { end: '2024-06' },
      telecom: [{ system: 'phone', value: '202-555-0120' }],
    },
    { relationship: [{ text: 'Legal Guardian' }], telecom: [{ system: 'phone', value: '202-555-0121' }] },
  ];
  expect(rows({ contact }).phones).toMatchObject([
    { number: '+12025550120', relation: 'related', heldBy: 'mother', validUntil: '2024-06-30' },
    { number: '+12025550121', relation: 'related', heldBy: 'legal guardian', validUntil: null },
  ]);
});

test('years and months are whole: from their first day to their last', () => {
  const telecom: Patient['telecom'] = [
    { system: 'phone', value: '202-555-0111', period: { start: '2020', end: '2021' } },
    { system: 'phone', value: '202-555-0112', period: { start: '2020-02', end: '2020-02' } },
  ];
  expect(rows({ telecom, birthDate: '1950' })).toMatchObject({
    identity: { birthDate: '1950-01-01' },
    phones: [
      { validFrom: '2020-01-01', validUntil: '2021-12-31' },
      { validFrom: '2020-02-01', validUntil: '2020-02-29' },
    ],
  });
});

test.each<[string, Partial<Patient>, object]>([
  ['inactive', { active: false }, { active: false }],
  ['deceased', { deceasedDateTime: '2024-01-01' }, { active: false }],
  ['merged', { link: [{ type: 'replaced-by', other: { reference: 'Patient/p2' } }] }, { mergedInto: 'p2' }],
  [
    'a chart that replaced another',
    { link: [{ type: 'replaces', other: { reference: 'Patient/p0' } }] },
    { mergedInto: null },
  ],
])('%s', (_, patient, identity) => {
  expect(rows(patient).identity).toMatchObject(identity);
});

test('a related person belongs to the patient it names, and no longer when inactive', () => {
  const related: RelatedPerson = {
    resourceType: 'RelatedPerson',
    id: 'r1',
    patient: { reference: 'https://ehr.example/fhir/Patient/p1' },
    relationship: [{ text: 'Daughter' }],
    telecom: [
      { system: 'phone', value: '202-555-0130' },
      { system: 'phone', value: 'same as mine' },
    ],
  };
  expect(relatedRows(related, 'US')).toMatchObject({
    patientId: 'p1',
    source: 'RelatedPerson/r1',
    phones: [{ number: '+12025550130', relation: 'related', heldBy: 'daughter', source: 'RelatedPerson/r1' }],
    problems: [{ value: 'same as mine', reason: 'words' }],
  });
  expect(relatedRows({ ...related, active: false }, 'US')).toMatchObject({ phones: [], problems: [] });
});

test('property: whatever an EHR calls a Patient is read without throwing, into rows the database takes', () => {
  const anything = fc.oneof(
    { weight: 1, arbitrary: fc.jsonValue() },
    {
      weight: 2,
      arbitrary: fc.array(
        fc.record({ value: fc.jsonValue(), use: fc.jsonValue(), rank: fc.jsonValue(), period: fc.jsonValue() }),
      ),
    },
    {
      weight: 1,
      arbitrary: fc.array(
        fc.record({
          telecom: fc.jsonValue(),
          relationship: fc.jsonValue(),
          type: fc.constant('replaced-by'),
          other: fc.jsonValue(),
        }),
      ),
    },
  );
  const names = [
    'name',
    'telecom',
    'contact',
    'identifier',
    'link',
    'birthDate',
    'gender',
    'active',
    'meta',
    'deceasedDateTime',
  ];
  const patient = fc.record(Object.fromEntries(names.map((name) => [name, anything])), { requiredKeys: [] });
  fc.assert(
    fc.property(patient, (elements) => {
      const { identity, phones } = rows(elements as Partial<Patient>);
      expect(typeof identity.name).toBe('string');
      expect(new Set(phones.map(({ number }) => number)).size).toBe(phones.length);
      for (const value of Object.values(identity)) expect(['string', 'boolean', 'object']).toContain(typeof value);
    }),
    { numRuns: 1000 },
  );
});
