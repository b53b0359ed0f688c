import { expect, test } from '@jest/globals';
import { parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { E164 } from '../sip/address.ts';
import {
  type ConsentFacts,
  type ConsentRule,
  decideConsent,
  placeOfAddress,
  placeOfNumber,
  sampleOf,
} from './consent.ts';

const rules = new Map<string, ConsentRule>(
  [
    ['US-NY', 'one-party'],
    ['US-NJ', 'one-party'],
    ['US-CA', 'all-party'],
    ['US-CT', 'all-party'],
    ['DE', 'all-party'],
  ].map(([place = '', treatAs]) => [place, { place, treatAs } as ConsentRule]),
);
const announceOnEvery: ConsentFacts = {
  policy: { mode: 'announce', percentage: 100 },
  clinic: 'US-NY',
  parties: ['US-NY'],
  refused: false,
  sample: 0,
};
const byLaw: ConsentFacts = { ...announceOnEvery, policy: { mode: 'law', percentage: 100 } };

test.each<[string, ConsentFacts, string, RegExp]>([
  ['the shipped default announces, even where one party is enough', announceOnEvery, 'announce', /every call/],
  ['a relaxed line within one one-party state', byLaw, 'record', /US-NY/],
  ['a caller in an all-party state', { ...byLaw, parties: ['US-CA'] }, 'announce', /US-CA/],
  ['a mixed state counts as all-party', { ...byLaw, parties: ['US-CT'] }, 'announce', /US-CT/],
  ['another one-party state', { ...byLaw, parties: ['US-NJ'] }, 'announce', /US-NJ/],
  [
    'number at home, address in an all-party state: the stricter wins',
    { ...byLaw, parties: ['US-NY', 'US-CA'] },
    'announce',
    /US-CA/,
  ],
  ['an all-party clinic', { ...byLaw, clinic: 'US-CA', parties: ['US-CA'] }, 'announce', /US-CA/],
  ['a withheld number', { ...byLaw, parties: [] }, 'announce', /not known/],
  ['an unknown place among known ones', { ...byLaw, parties: ['US-NY', null] }, 'announce', /not known/],
  ['a place without a rule', { ...byLaw, clinic: 'FJ', parties: ['FJ'] }, 'announce', /FJ/],
  ['a clinic that never said where it is', { ...byLaw, clinic: null }, 'announce', /clinic/],
  ['abroad', { ...byLaw, parties: ['DE'] }, 'announce', /DE/],
  ['a line that asks', { ...byLaw, policy: { mode: 'ask', percentage: 100 } }, 'ask', /asks/],
  ['a line that is off', { ...byLaw, policy: { mode: 'off', percentage: 100 } }, 'doNotRecord', /off/],
  ['a refusal beats everything', { ...announceOnEvery, refused: true }, 'doNotRecord', /said no/],
  [
    'a call outside the sample',
    { ...announceOnEvery, policy: { mode: 'announce', percentage: 10 }, sample: 10 },
    'doNotRecord',
    /10%/,
  ],
  [
    'a call inside the sample',
    { ...announceOnEvery, policy: { mode: 'announce', percentage: 10 }, sample: 9 },
    'announce',
    /every/,
  ],
])('%s', (_name, facts, outcome, because) => {
  const decision = decideConsent(facts, rules);
  expect(decision.outcome).toBe(outcome);
  expect(decision.because).toMatch(because);
});

test.each([
  ['+12125550143', 'US-NY'],
  ['+14155550143', 'US-CA'],
  ['+12025550143', 'US-DC'],
  ['+17875550143', 'US-PR'],
  ['+14165550143', 'CA'],
  ['+18765550143', 'JM'],
  ['+18005550143', null],
  ['+4930123456', 'DE'],
  ['+442079460000', 'GB'],
  ['+80012345678', null],
])('%s is of %s', (number, place) => {
  expect(placeOfNumber(number as E164)).toBe(place);
});

test('every area code that rings in one place of the United States is of a state or territory, and no Canadian one is', () => {
  // Toll-free, premium and personal numbers (N11-like 5xx ranges) ring anywhere.
  const anywhere = /^(500|52\d|53[23]|544|566|577|588|800|833|844|855|866|877|888|900)$/;
  const wrong: string[] = [];
  for (let code = 200; code < 1000; code += 1) {
    const country = parsePhoneNumberFromString(`+1${code}2345678`)?.country;
    const place = placeOfNumber(`+1${code}2345678` as E164);
    if (country === 'US' && !anywhere.test(String(code)) && !place?.startsWith('US-')) wrong.push(`${code}`);
    if (country === 'CA' && place !== 'CA') wrong.push(`${code}`);
  }
  expect(wrong).toEqual([]);
});

test('a withheld number is of no place', () => {
  expect(placeOfNumber(null)).toBeNull();
});

test('an address is a place when its state is a postal code or it is abroad', () => {
  expect(placeOfAddress({ country: 'US', state: 'ca' })).toBe('US-CA');
  expect(placeOfAddress({ country: null, state: 'NY' })).toBe('US-NY');
  expect(placeOfAddress({ country: 'US', state: 'California' })).toBeNull();
  expect(placeOfAddress({ country: 'DE', state: null })).toBe('DE');
});

test('samples spread over a hundred', () => {
  expect(sampleOf('00000063-0000-4000-8000-000000000000')).toBe(99);
  expect(sampleOf('00000064-0000-4000-8000-000000000000')).toBe(0);
});
