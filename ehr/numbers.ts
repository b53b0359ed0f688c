import { type E164, type Region, toE164 } from '../sip/address.ts';

/** Why a telecom cannot be dialled or matched, as the clinic's work list says it. */
export type UnusableReason = 'empty' | 'words' | 'no-area-code' | 'too-short' | 'too-long' | 'placeholder';

export type ParsedPhones = {
  /** Every number in the text, without extensions, in order, each once. */
  readonly numbers: readonly E164[];
  /** Why the text, or a part of it, gave none; null when all of it was understood. */
  readonly unusable: UnusableReason | null;
};

/** Digits with the punctuation that people put between them; a leading plus or parenthesis belongs to it. */
const NUMBER = /\+?\(?\d[\d\s().\u2010-\u2015-]*\d|\d/g;
/** `x12`, `ext. 12`, `;ext=12`, `#12` after a number. */
const EXTENSION = /(?:\s*;\s*ext\s*=|\s*,?\s*(?:extension|extn?|x|#)[\s.:]*)\d{1,7}\b/gi;
/** A word of letters dialled by the keypad, after at least three digits: 202-555-CARE. */
const VANITY = /\+?\d[\d\s().-]{2,}[A-Z]{3,7}\b/gi;

/**
 * The telephone numbers in a `ContactPoint.value` as charts hold it: any punctuation, extensions, keypad letters,
 * labels ('cell'), several in one string. Numbers without a country are `region`'s. Numbers of unassigned ranges
 * (555-531-4774) count: what was dialled is what rings.
 */
export function parsePhones(value: string, region: Region): ParsedPhones {
  const text = value
    .normalize('NFKC')
    .replace(/^\s*(tel|sms):/i, '')
    .replace(EXTENSION, ' ; ')
    .replace(VANITY, keypadDigits);
  if (value.trim() === '') return { numbers: [], unusable: 'empty' };
  const numbers = new Set<E164>();
  let unusable: UnusableReason | null = null;
  for (const [candidate] of text.matchAll(NUMBER)) {
    const found = read(candidate, region);
    if (typeof found === 'string') unusable ??= found;
    else for (const number of found) numbers.add(number);
  }
  if (numbers.size === 0) unusable ??= 'words';
  return { numbers: [...numbers], unusable };
}

function read(candidate: string, region: Region): readonly E164[] | UnusableReason {
  const whole = usable(candidate, region);
  if (whole) return [whole];
  // Two numbers with only a space between them: '202-555-0143 301-555-0118'.
  const pieces = candidate.trim().split(/\s+/);
  const each = pieces.map((piece) => usable(piece, region));
  if (pieces.length > 1 && each.every((number) => number !== null)) return each;
  return whyNot(candidate, region);
}

function usable(candidate: string, region: Region): E164 | null {
  const number = northAmerican(candidate, region) ?? toE164(candidate, region);
  return number && !isPlaceholder(number) ? number : null;
}

/**
 * Ten digits of the North American plan, without asking which of its 25 countries they are of: five times as fast as
 * the library, which matters for a million charts. Null: not that plain a case.
 */
function northAmerican(candidate: string, region: Region): E164 | null {
  const digits = candidate.replace(/\D/g, '');
  const [, national] = /^1?([2-9]\d{9})$/.exec(digits) ?? [];
  const plain = candidate.includes('+') ? digits.length === 11 : usesPlan(region);
  return national && plain ? (`+1${national}` as E164) : null;
}

const plans = new Map<Region, boolean>();
function usesPlan(region: Region): boolean {
  const known = plans.get(region) ?? toE164('2025550100', region) === '+12025550100';
  plans.set(region, known);
  return known;
}

function whyNot(candidate: string, region: Region): UnusableReason {
  const digits = candidate.replace(/\D/g, '');
  if (digits.length >= 7 && /^(\d)\1*$/.test(digits)) return 'placeholder';
  const number = toE164(candidate, region);
  if (number) return 'placeholder';
  if (usesPlan(region) && digits.length === 7) return 'no-area-code';
  return digits.length > 10 ? 'too-long' : 'too-short';
}

/** What is typed when there is no number: one digit over and over, or counting up; area codes never begin with 0 or 1. */
function isPlaceholder(number: E164): boolean {
  const national = number.startsWith('+1') ? number.slice(2) : number.slice(1);
  return (
    /^(\d)\1*$/.test(national) ||
    ['1234567890', '0123456789'].includes(national) ||
    (number.startsWith('+1') && /^[01]/.test(national))
  );
}

/** Letters as the keys that carry them (ITU-T E.161); left alone when that does not make a number's length. */
function keypadDigits(word: string): string {
  const keyed = word.replace(/[A-Z]/gi, (letter) => {
    const key = ['ABC', 'DEF', 'GHI', 'JKL', 'MNO', 'PQRS', 'TUV', 'WXYZ'].findIndex((letters) =>
      letters.includes(letter.toUpperCase()),
    );
    return String(key + 2);
  });
  const length = keyed.replace(/\D/g, '').length;
  return length === 10 || length === 11 ? keyed : word;
}
