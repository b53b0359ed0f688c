import { expect, test } from '@jest/globals';
import { ageInYears, cardView } from './patient-view.ts';

test.each([
  ['1959-03-14', '2026-03-13T12:00:00Z', 66],
  ['1959-03-14', '2026-03-14T00:00:00Z', 67],
  ['2000-02-29', '2026-02-28T23:00:00Z', 25],
  ['2000-02-29', '2026-03-01T00:00:00Z', 26],
  ['1959', '2026-06-01T00:00:00Z', 67],
  ['2026-11-30', '2026-11-22T00:00:00Z', null],
  ['unknown', '2026-11-22T00:00:00Z', null],
  [null, '2026-11-22T00:00:00Z', null],
])('born %s, on %s: %s', (birthDate, today, age) => {
  expect(ageInYears(birthDate, new Date(today))).toBe(age);
});

test('a chart that did not answer gives a card that says so, part by part', () => {
  const late = { state: 'unavailable', reason: 'timeout' } as const;
  const asOf = new Date('2026-11-22T15:00:00Z');
  const card = cardView({
    patientId: 'p',
    demographics: late,
    problems: { state: 'cached', asOf, value: [{ code: null, text: 'Asthma', main: true, onset: null }] },
    allergies: late,
    medications: late,
    vitals: late,
    lastVisit: { state: 'fresh', asOf, value: null },
    nextAppointment: late,
    openItems: late,
    careTeam: late,
    flags: late,
  });
  expect(card.problems).toEqual({
    state: 'cached',
    asOf: '2026-11-22T15:00:00.000Z',
    value: [{ text: 'Asthma', main: true }],
  });
  expect(card.lastVisit).toEqual({ state: 'fresh', asOf: '2026-11-22T15:00:00.000Z', value: null });
  expect([card.pcp, card.allergies, card.interpreterNeeded]).toEqual([late, late, false]);
});
