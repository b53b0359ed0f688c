import type { DigestAuthority, Ha1s } from './digest.ts';
import { parseAuthorization } from './digest.ts';
import type { DigestOffers } from './digest-offer.ts';
import { parseNameAddrs } from './name-addr.ts';
import type { InboundInvite } from './ports.ts';

export type PhoneCheck =
  | { readonly kind: 'phone'; readonly extension: string }
  | { readonly kind: 'challenge'; readonly headers: Readonly<Record<string, readonly string[]>> }
  | { readonly kind: 'refused' };

/** The extension that an INVITE claims to come from, in its From; null when that is none of ours. */
export function claimedExtension(invite: InboundInvite, isExtension: (user: string) => boolean): string | null {
  const user = parseNameAddrs(invite.headers('From') ?? '')[0]?.user ?? '';
  return isExtension(user) ? user : null;
}

/** Whether a phone may call as `extension` (RFC 3261 §22.3: 407 and Proxy-Authorization). */
export function checkPhone(
  invite: InboundInvite,
  extension: string,
  authority: DigestAuthority,
  offers: DigestOffers,
  findSecrets: (extension: string) => Ha1s | null,
): PhoneCheck {
  const phone = { user: extension, address: invite.source.address };
  const header = invite.headers('Proxy-Authorization');
  const result = authority.check(header, 'INVITE', findSecrets(extension));
  if (result.kind === 'challenge') {
    const offered = offers.next({ ...phone, userAgent: invite.headers('User-Agent') ?? null });
    return { kind: 'challenge', headers: { 'Proxy-Authenticate': authority.challenge(result.stale, offered) } };
  }
  offers.answered(phone);
  if (result.kind === 'failed' || parseAuthorization(header ?? '')?.get('username') !== extension)
    return { kind: 'refused' };
  return { kind: 'phone', extension };
}
