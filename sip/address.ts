import { type CountryCode, parsePhoneNumberFromString } from 'libphonenumber-js/max';

declare const brand: unique symbol;
type Brand<T, Name extends string> = T & { readonly [brand]: Name };

/** A telephone number with `+` and country code (ITU-T E.164). The only form inside Chartline. */
export type E164 = Brand<string, 'E164'>;
/** A SIP or SIPS URI without angle brackets or header parameters (RFC 3261 §19.1). */
export type SipUri = Brand<string, 'SipUri'>;
/** ISO 3166 country whose national forms a trunk or clinic writes. */
export type Region = CountryCode;

/** The number in E.164, or null when it is none: too short, all one digit, or letters. National forms are read as `region`'s. */
export function toE164(dialled: string, region: Region): E164 | null {
  const text = dialled.trim();
  const parsed = parsePhoneNumberFromString(text, region);
  // isPossible, not isValid: charts and trunks carry numbers of unassigned ranges (555-531-4774), which still ring.
  if (parsed?.isPossible()) return parsed.number as string as E164;
  return null;
}

/** The text as a SIP URI, or null: angle brackets, header parameters and other schemes are refused. */
export function toSipUri(text: string): SipUri | null {
  return /^sips?:[^\s<>]+$/i.test(text) ? (text as SipUri) : null;
}
