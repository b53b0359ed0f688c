import { expect, test } from '@jest/globals';
import type { E164 } from '../../sip/address.ts';
import { whyNotCall } from './calling-policy.ts';

test.each<[string, 'internal' | 'national' | 'international', string | null]>([
  ['+12025550143', 'national', null],
  ['+18005551212', 'national', null],
  ['+15555314774', 'national', null],
  ['+12025550143', 'internal', 'calling-class'],
  ['+442079460000', 'national', 'calling-class'],
  // Of our numbering plan, in another country: the classic toll fraud.
  ['+18765551234', 'national', 'calling-class'],
  ['+442079460000', 'international', null],
  ['+19005551212', 'national', 'premium'],
  ['+19765551212', 'international', 'premium'],
  ['+449098790000', 'international', 'premium'],
  ['+881612345678', 'international', 'premium'],
])('%s from a phone of class %s: %s', (number, callingClass, cause) => {
  const refusal = whyNotCall(number as E164, { callingClass, dailyMinutes: 60 }, 0, 'US');
  expect(refusal?.cause ?? null).toBe(cause);
});

test('a spent day refuses; a database that is away does not', () => {
  const phone = { callingClass: 'national', dailyMinutes: 60 } as const;
  expect(whyNotCall('+12025550143' as E164, phone, 60, 'US')?.cause).toBe('daily-minutes');
  expect(whyNotCall('+12025550143' as E164, phone, 59.9, 'US')).toBeNull();
  expect(whyNotCall('+12025550143' as E164, phone, null, 'US')).toBeNull();
  expect(whyNotCall('+12025550143' as E164, { ...phone, dailyMinutes: null }, 9_999, 'US')).toBeNull();
});
