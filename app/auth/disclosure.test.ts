import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { aCall, aCandidate, aCard } from '../../test/support/calls.ts';
import type { CallView, Role } from '../api-types.ts';
import { disclosure, type Part, redactCall, shownParts } from './disclosure.ts';

const roles: Role[] = ['front-desk', 'nurse', 'provider', 'supervisor', 'admin', 'privacy-officer'];
const parts: Part[] = ['number', 'identity', 'address', 'agenda', 'allergies', 'clinical'];
const anyRole = fc.constantFrom(...roles);
const anyLevel = fc.constantFrom<CallView['assurance']>(0, 1, 2, 3, 4);
const clinicalText = /Type 2|Hypertension|Metformin|Penicillin|142\/88|Fall risk|Potassium|Diabetes follow-up/;

test.each([
  ['front-desk', 'clinical', 1, 'assurance'],
  ['front-desk', 'clinical', 2, 'show'],
  ['front-desk', 'agenda', 1, 'show'],
  ['front-desk', 'agenda', 0, 'assurance'],
  ['nurse', 'clinical', 0, 'assurance'],
  ['nurse', 'clinical', 1, 'show'],
  ['provider', 'allergies', 1, 'show'],
  ['supervisor', 'clinical', 1, 'show'],
  ['admin', 'identity', 4, 'role'],
  ['privacy-officer', 'identity', 0, 'show'],
  ['privacy-officer', 'clinical', 4, 'role'],
] as const)('%s and %s at level %i: %s', (role, part, level, outcome) => {
  expect(disclosure(role, part, level)).toBe(outcome);
});

test('being surer never hides what was shown', () => {
  fc.assert(
    fc.property(anyRole, fc.constantFrom(...parts), anyLevel, anyLevel, (role, part, one, other) => {
      const [low, high] = one < other ? [one, other] : [other, one];
      expect(disclosure(role, part, low) === 'show' && disclosure(role, part, high) !== 'show').toBe(false);
    }),
  );
});

describe('a redacted call', () => {
  test('holds no clinical text unless the clinical part is shown', () => {
    fc.assert(
      fc.property(anyRole, anyLevel, (role, assurance) => {
        const text = JSON.stringify(redactCall(aCall({ assurance }), role));
        expect(clinicalText.test(text)).toBe(disclosure(role, 'clinical', assurance) === 'show');
      }),
    );
  });

  test('shows nobody a card while several patients are possible, or of another patient than the chosen one', () => {
    const several = [aCandidate(), aCandidate({ patientId: 'pat-luis', name: 'Luis Alvarez' })];
    for (const role of roles) {
      expect(redactCall(aCall({ candidates: several, patientId: null, assurance: 4 }), role).card).toBeNull();
      expect(redactCall(aCall({ candidates: several, patientId: 'pat-luis', assurance: 4 }), role).card).toBeNull();
    }
  });

  test('tells the front desk that allergies are on file, or that none are, not which', () => {
    const none = { state: 'fresh', asOf: '2026-11-22T15:00:00.000Z', value: [] } as const;
    const seen = (card: CallView['card']) => redactCall(aCall({ card }), 'front-desk').card?.allergies;
    expect(seen(aCard())).toEqual({ state: 'hidden', because: 'assurance', present: true });
    expect(seen(aCard({ allergies: none }))).toEqual({ state: 'hidden', because: 'assurance', present: false });
    expect(seen(aCard({ allergies: { state: 'pending' } }))).toMatchObject({ state: 'hidden', present: null });
  });

  test('shows everybody that 911 was dialled, and an admin no other number that was', () => {
    const emergency = { service: '911', callbackNumber: '+12025550100', location: 'Room 3' } as const;
    expect(redactCall(aCall({ emergency, dialled: '911', callerName: 'June' }), 'admin')).toMatchObject({
      emergency,
      dialled: '911',
      callerName: 'June',
    });
    expect(redactCall(aCall({ dialled: '+12025550177' }), 'admin').dialled).toBe('••••••••••77');
  });

  test('changes nothing for a nurse who may see all of it', () => {
    const call = aCall();
    expect(redactCall(call, 'nurse')).toEqual(call);
    expect(shownParts(call, 'nurse')).toEqual(['address', 'agenda', 'allergies', 'clinical']);
    expect(shownParts(aCall({ card: null }), 'nurse')).toEqual([]);
    expect(shownParts(call, 'admin')).toEqual([]);
  });
});
