import { expect, test } from '@jest/globals';
import { formatAgo, formatDate, formatInitials, formatPhone, formatSeconds } from './format.ts';

test.each([
  [0, '0:00'],
  [65.9, '1:05'],
  [3_725, '1:02:05'],
  [-3, '0:00'],
])('%d s is %s', (seconds, shown) => {
  expect(formatSeconds(seconds)).toBe(shown);
});

test('a birth date is the same day in every time zone; a year alone stays', () => {
  expect(formatDate('1959-03-14', 'en')).toBe('Mar 14, 1959');
  expect(formatDate('1959', 'en')).toBe('1959');
});

test('a masked number stays masked', () => {
  expect(formatPhone('+12025550143')).toBe('+1 202 555 0143');
  expect(formatPhone('••••••••••43')).toBe('••••••••••43');
});

test.each([
  ['2026-11-10T14:00:00Z', 'en', '12 days ago'],
  ['2026-11-24T15:30:00Z', 'es', 'pasado mañana'],
  ['2026-11-22T15:00:20Z', 'en', 'now'],
])('%s in %s is %s', (instant, language, shown) => {
  expect(formatAgo(instant, Date.parse('2026-11-22T15:00:00Z'), language)).toBe(shown);
});

test.each([
  ['Maria del Carmen Alvarez', 'M. A.'],
  ['Óscar', 'Ó.'],
  ['', ''],
])('%s on the wall is %s', (name, shown) => {
  expect(formatInitials(name)).toBe(shown);
});
