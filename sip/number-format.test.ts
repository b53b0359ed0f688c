import { expect, test } from '@jest/globals';
import type { E164 } from './address.ts';
import { type NumberFormat, uriOf, writeNumber } from './number-format.ts';

test.each<[string, NumberFormat, string]>([
  ['+12025550100', 'e164', '+12025550100'],
  ['+12025550100', 'digits', '12025550100'],
  ['+12025550100', 'national', '2025550100'],
  // Not of the trunk's country: in full.
  ['+442079460000', 'national', '442079460000'],
])('%s as %s is %s', (number, format, written) => {
  expect(writeNumber(number as E164, format, 'US')).toBe(written);
});

test('a user is put before the host, parameters stay', () => {
  expect(uriOf('911', 'sip:sbc.example:5061;transport=tls')).toBe('sip:911@sbc.example:5061;transport=tls');
  expect(uriOf('+1202', 'sips:[2001:db8::1]')).toBe('sips:+1202@[2001:db8::1]');
});
