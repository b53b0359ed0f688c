import { expect, test } from '@jest/globals';
import { readBirthDate } from './birth-date.ts';

const today = new Date('2026-11-22T12:00:00Z');

test.each<[string, string | null, string]>([
  ['03141968', '1968-03-14', 'month first'],
  ['25121980', '1980-12-25', 'day first, since there is no 25th month'],
  ['19680314', '1968-03-14', 'year first'],
  ['02292000', '2000-02-29', 'a leap day'],
  ['02291999', null, 'no leap day that year'],
  ['11232026', null, 'tomorrow'],
  ['01011850', null, 'longer ago than anybody lives'],
  ['0314196', null, 'seven keys'],
  ['', null, 'no key'],
])('%s is %s: %s', (digits, date) => {
  expect(readBirthDate(digits, today)).toBe(date);
});
