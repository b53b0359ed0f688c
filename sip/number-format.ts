import { type CountryCode, getCountryCallingCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';
import type { E164, Region, SipUri } from './address.ts';

/** How a trunk writes telephone numbers: +12025550100, 12025550100, 2025550100. */
export type NumberFormat = 'e164' | 'digits' | 'national';

/** The number as the trunk wants it; a number of another country is never written in national form. */
export function writeNumber(number: E164, format: NumberFormat, region: Region): string {
  if (format === 'e164') return number;
  const parsed = parsePhoneNumberFromString(number);
  if (format === 'national' && parsed?.country === (region as CountryCode)) return parsed.nationalNumber;
  return number.slice(1);
}

/** `sip:sbc.example:5061;transport=tls` with a user: where a call to `user` is sent. */
export function uriOf(user: string, outboundUri: string): SipUri {
  const [, scheme = 'sip:', host = ''] = /^(sips?:)(.*)$/i.exec(outboundUri) ?? [];
  return `${scheme}${user}@${host}` as SipUri;
}

export type NumberKind = 'national' | 'international' | 'premium';

/** What a call to this number may cost: premium is also what belongs to no country (satellites, +979). */
export function kindOf(number: E164, region: Region): NumberKind {
  const parsed = parsePhoneNumberFromString(number);
  if (!parsed) return 'premium';
  const type = parsed.getType();
  if (type === 'PREMIUM_RATE' || type === 'SHARED_COST') return 'premium';
  if (parsed.country) return parsed.country === region ? 'national' : 'international';
  // A range that nobody holds yet, of our own plan; 976 exchanges were premium rate.
  const ours = parsed.countryCallingCode === getCountryCallingCode(region as CountryCode);
  return ours && !/^\+1976/.test(number) ? 'national' : 'premium';
}
