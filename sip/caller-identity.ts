import { type E164, type Region, toE164 } from './address.ts';
import { type NameAddr, parseNameAddrs } from './name-addr.ts';
import type { NumberFormat } from './number-format.ts';
import type { Attestation, CallerIdentity } from './ports.ts';

/** What the caller's trunk row says about believing it. */
export type IdentityTrust = {
  readonly region: Region;
  readonly callerHeaders: readonly CallerIdentity['header'][];
  /** In our trust domain (RFC 3325): its P-Asserted-Identity, Remote-Party-ID and verstat count. */
  readonly trusted: boolean;
  /** 'digits': it writes numbers in full without `+`. */
  readonly numberFormat?: NumberFormat;
  /** Digits that it puts before an outside number. */
  readonly sitePrefix?: string | null;
};

type Headers = (name: string) => string | undefined;

const anonymousWords = /^(anonymous|restricted|unavailable|unknown|private|withheld|blocked)$/i;

/**
 * Who is calling, from the headers in the order and trust that the trunk says. From an untrusted peer only From is read.
 * Diversion and History-Info never supply the caller.
 */
export function callerIdentity(headers: Headers, trust: IdentityTrust): CallerIdentity {
  const order = trust.trusted ? trust.callerHeaders : (['From'] as const);
  const from = parseNameAddrs(headers('From') ?? '')[0] ?? null;
  const found = order.map((header) => ({ header, address: bestAddress(headers(header), trust) }));
  const chosen =
    found.find(({ address }) => address && numberOf(address, trust)) ??
    found.find(({ address }) => address !== null) ??
    ({ header: 'From', address: from } as const);
  const address = chosen.address;
  const withheld = asksPrivacy(headers, from, address);
  return {
    number: address ? numberOf(address, trust) : null,
    user: address?.user ?? '',
    display: withheld ? null : (address?.display ?? from?.display ?? null),
    header: chosen.header,
    withheld,
    attestation: trust.trusted ? attestationOf(headers) : 'none',
  };
}

/** RFC 3325 §9.1 allows one SIP and one tel identity: the one that is a telephone number is the useful one. */
function bestAddress(header: string | undefined, writes: NumberWriting): NameAddr | null {
  const addresses = header === undefined ? [] : parseNameAddrs(header);
  return addresses.find((address) => numberOf(address, writes)) ?? addresses[0] ?? null;
}

type NumberWriting = Pick<IdentityTrust, 'region' | 'numberFormat' | 'sitePrefix'>;

function numberOf(address: NameAddr, { region, numberFormat, sitePrefix }: NumberWriting): E164 | null {
  // Cisco writes the globalised number of the same caller beside the local one.
  const callback = address.params.get('x-cisco-callback-number');
  const context = address.params.get('phone-context');
  const user = callback ?? (context?.startsWith('+') ? `${context}${address.user}` : address.user);
  const digits = user.replace(/\D/g, '');
  if (!/^\+?[\d().\-\s]+$/.test(user) || digits.length < 7 || /^0+$/.test(digits)) return null;
  // A PBX writes its digit for an outside line before a number of the national plan.
  if (sitePrefix && digits.startsWith(sitePrefix) && !user.startsWith('+')) {
    const outside = digits.slice(sitePrefix.length);
    if (outside.length >= 10) return toE164(outside, region) ?? toE164(`+${outside}`, region);
  }
  if (numberFormat === 'digits' && /^[1-9]\d{10,}$/.test(user)) return toE164(`+${user}`, region);
  return toE164(user, region);
}

function asksPrivacy(headers: Headers, from: NameAddr | null, chosen: NameAddr | null): boolean {
  const privacy = (headers('Privacy') ?? '').toLowerCase().split(/[;,\s]+/);
  if (privacy.some((value) => value === 'id' || value === 'user' || value === 'header')) return true;
  const remoteParty = parseNameAddrs(headers('Remote-Party-ID') ?? '')[0];
  if (/^(full|uri)$/i.test(remoteParty?.params.get('privacy') ?? '')) return true;
  return [from, chosen].some(
    (address) => address !== null && (anonymousWords.test(address.user) || /anonymous\.invalid/i.test(address.uri)),
  );
}

const verstats: readonly (readonly [RegExp, Attestation])[] = [
  // A diverted pass proves the diverting provider signed, not the caller.
  [/-diverted/i, 'unknown'],
  [/^tn-validation-passed(-a)?(-passthrough)?$/i, 'A'],
  [/^tn-validation-passed-b(-passthrough)?$/i, 'B'],
  [/^tn-validation-passed-c(-passthrough)?$/i, 'C'],
  [/^tn-validation-failed(-[abc])?(-passthrough)?$/i, 'failed'],
  [/^no-tn-validation$/i, 'none'],
];

function attestationOf(headers: Headers): Attestation {
  const values = ['P-Asserted-Identity', 'From']
    .flatMap((name) => parseNameAddrs(headers(name) ?? ''))
    .map((address) => address.params.get('verstat'))
    .concat(headers('X-Twilio-VerStat')?.trim())
    .filter((value) => value !== undefined);
  const meanings = new Set(
    values.map((value) => verstats.find(([spelling]) => spelling.test(value))?.[1] ?? 'unknown'),
  );
  const [only] = meanings;
  // Two that disagree are no statement at all.
  return meanings.size === 0 ? 'none' : meanings.size === 1 && only ? only : 'unknown';
}

/** The number first dialled, of a call that was forwarded to us: Diversion's last entry (RFC 5806), else History-Info's first. */
export function firstDialled(headers: Headers, region: Region): E164 | null {
  const diversion = parseNameAddrs(headers('Diversion') ?? '').at(-1);
  const history = parseNameAddrs(headers('History-Info') ?? '')[0];
  const address = diversion ?? history;
  return address ? numberOf(address, { region }) : null;
}
