import { expect, test } from '@jest/globals';
import type { Resource } from '@medplum/fhirtypes';
import fc from 'fast-check';
import { aboutPatient, PARTS, type PartName } from './summary-parts.ts';

const now = new Date('2026-11-20T15:00:00Z');
const types = [
  'Patient',
  'Condition',
  'AllergyIntolerance',
  'MedicationRequest',
  'Observation',
  'Encounter',
  'Appointment',
  'ServiceRequest',
  'DiagnosticReport',
  'Task',
  'CareTeam',
  'Flag',
];
const elements =
  'name telecom birthDate gender communication generalPractitioner address extension code clinicalStatus category criticality reaction medicationCodeableConcept dosageInstruction valueQuantity valueString component effectiveDateTime issued period participant reasonCode start description authoredOn requester owner performer member'.split(
    ' ',
  );
const concept = fc.record({ text: fc.jsonValue(), coding: fc.jsonValue() }, { requiredKeys: [] });
const anything = fc.oneof(fc.jsonValue(), concept, fc.array(concept), fc.array(fc.jsonValue()));
const resource = fc
  .tuple(
    fc.constantFrom(...types),
    fc.constantFrom('active', 'final', 'finished', 'booked', 'requested', 'preliminary'),
    fc.record(Object.fromEntries(elements.map((element) => [element, anything])), { requiredKeys: [] }),
  )
  .map(([resourceType, status, rest]) => ({ ...rest, resourceType, status }) as unknown as Resource);

function leaves(value: unknown): unknown[] {
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];
}

test('property: whatever an EHR answers, a part is refused or made of words, yes and no: a screen can show it', () => {
  fc.assert(
    fc.property(fc.array(resource, { maxLength: 6 }), (resources) => {
      for (const part of Object.keys(PARTS) as PartName[]) {
        let value: unknown;
        try {
          value = PARTS[part].read(resources, now);
        } catch (error) {
          // 'unavailable' on the card.
          expect(error).toBeInstanceOf(TypeError);
          continue;
        }
        for (const leaf of leaves(value))
          expect(leaf === null || ['string', 'boolean'].includes(typeof leaf)).toBe(true);
      }
    }),
    { numRuns: 500 },
  );
});

test('a resource that does not say whose it is, or says another, is dropped', () => {
  const of = (more: object) => ({ resourceType: 'Condition', ...more }) as Resource;
  const mine = [
    of({ subject: { reference: 'Patient/p1' } }),
    of({ subject: { reference: 'https://ehr.example/fhir/Patient/p1' } }),
    { resourceType: 'Patient', id: 'p1' } as Resource,
  ];
  const others = [
    of({}),
    of({ subject: { reference: 'Patient/p11' } }),
    of({ subject: { reference: 'Group/p1' } }),
    { resourceType: 'Patient', id: 'p2' } as Resource,
  ];
  expect(aboutPatient([...mine, ...others], 'p1')).toEqual(mine);
});
