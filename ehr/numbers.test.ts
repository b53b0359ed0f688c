import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { toE164 } from '../sip/address.ts';
import { parsePhones } from './numbers.ts';

const US = (value: string) => parsePhones(value, 'US');

describe('numbers as charts hold them', () => {
  test.each([
    ['(202) 555-0143', ['+12025550143']],
    ['202.555.0143', ['+12025550143']],
    ['2025550143', ['+12025550143']],
    ['1-202-555-0143', ['+12025550143']],
    [' 202 555 0143 ', ['+12025550143']],
    ['+1 (202) 555-0143', ['+12025550143']],
    ['tel:+1-202-555-0143', ['+12025550143']],
    ['tel:+1-202-555-0143;ext=12', ['+12025550143']],
    ['(301) 555.0156 x12', ['+13015550156']],
    ['301-555-0156 ext. 4', ['+13015550156']],
    ['301-555-0156, extension 4021', ['+13015550156']],
    ['301-555-0156 #7', ['+13015550156']],
    ['202-555-CARE', ['+12025552273']],
    ['1-800-555-CARE', ['+18005552273']],
    ['202-555-0143 (cell)', ['+12025550143']],
    ['home: 202-555-0143', ['+12025550143']],
    ['202-555-0143 / 301-555-0118', ['+12025550143', '+13015550118']],
    ['202-555-0143 or 301-555-0118', ['+12025550143', '+13015550118']],
    ['202-555-0143 301-555-0118', ['+12025550143', '+13015550118']],
    ['202-555-0143, 202-555-0143', ['+12025550143']],
    ['202‑555‑0143', ['+12025550143']],
    ['２０２-555-0143', ['+12025550143']],
    ['+44 20 7946 0018', ['+442079460018']],
    ['+44 (0)20 7946 0018', ['+442079460018']],
    ['011 44 20 7946 0018', ['+442079460018']],
    ['555-531-4774', ['+15555314774']],
  ])('%j', (value, numbers) => {
    expect(US(value)).toEqual({ numbers, unusable: null });
  });

  test.each([
    ['', 'empty'],
    ['   ', 'empty'],
    ['n/a', 'words'],
    ['ask at front desk', 'words'],
    ['555-0100', 'no-area-code'],
    ['000-000-0000', 'placeholder'],
    ['999-999-9999', 'placeholder'],
    ['123-456-7890', 'placeholder'],
    ['12', 'too-short'],
    ['202-555-0143-20255501439999', 'too-long'],
  ])('%j is of no use: %s', (value, reason) => {
    expect(US(value)).toEqual({ numbers: [], unusable: reason });
  });

  test('what is of no use in a string does not lose what is', () => {
    expect(US('202-555-0143 / 44')).toEqual({ numbers: ['+12025550143'], unusable: 'too-short' });
  });

  test("a national number is the clinic's own country's", () => {
    expect(parsePhones('020 7946 0018', 'GB').numbers).toEqual(['+442079460018']);
  });
});

const tenDigits = fc
  .tuple(fc.integer({ min: 2, max: 9 }), fc.integer({ min: 0, max: 999_999_999 }))
  .map(([first, rest]) => `${first}${String(rest).padStart(9, '0')}`)
  .filter((digits) => !/^(\d)\1*$/.test(digits));
const punctuation = fc.constantFrom('', '-', '.', ' ', ') ', ' - ');

test('property: punctuation, prefix and extension never change which number it is', () => {
  const written = fc.tuple(
    tenDigits,
    punctuation,
    punctuation,
    fc.constantFrom('', '1-', '+1 ', 'tel:+1-'),
    fc.constantFrom('', ' x12', ' ext 3', ';ext=9'),
  );
  fc.assert(
    fc.property(written, ([digits, a, b, prefix, extension]) => {
      const text = `${prefix}${digits.slice(0, 3)}${a}${digits.slice(3, 6)}${b}${digits.slice(6)}${extension}`;
      expect(US(text)).toEqual({ numbers: [`+1${digits}`], unusable: null });
    }),
  );
});

test('property: any text at all is answered, with E.164 numbers or a reason', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const { numbers, unusable } = US(text);
      for (const number of numbers) expect(number).toMatch(/^\+[1-9]\d{4,14}$/);
      expect(numbers.length > 0 || unusable !== null).toBe(true);
    }),
    { numRuns: 2000 },
  );
});

test('property: what was read is read the same again', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'0123456789 -().+x/') }), (text) => {
      for (const number of US(text).numbers) expect(US(number).numbers).toEqual([number]);
    }),
    { numRuns: 2000 },
  );
});

test('property: the short way for North American numbers says what the library says', () => {
  const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 9, maxLength: 12 });
  const written = fc
    .tuple(fc.constantFrom('', '+', '1', '+1', '(', ' '), digits)
    .map(([prefix, rest]) => prefix + rest);
  fc.assert(
    fc.property(written, fc.constantFrom('US' as const, 'CA' as const, 'GB' as const), (text, region) => {
      const { numbers, unusable } = parsePhones(text, region);
      if (unusable !== 'placeholder') expect(numbers[0] ?? null).toBe(toE164(text, region));
    }),
    { numRuns: 3000 },
  );
});
