import type { RegisterRequest } from './ports.ts';

/** One contact of an extension (RFC 3261 §10.3), with how it is reached. */
export type Binding = {
  readonly extension: string;
  readonly contact: string;
  readonly expiresAt: Date;
  readonly q: number;
  readonly sipCallId: string;
  readonly cseq: number;
  /** The edge that took the REGISTER: a TCP or NATed phone is reached only through it. */
  readonly edge: string;
  /** protocol/address:port that the REGISTER came from. */
  readonly flow: string;
  readonly path: readonly string[];
  readonly received: string;
  readonly instance: string | null;
  readonly userAgent: string | null;
};

export const registerLimits = { minSeconds: 60, defaultSeconds: 300, maxSeconds: 3600, maxContacts: 10 } as const;

export type RegisterOutcome =
  | { readonly kind: 'accepted'; readonly bindings: readonly Binding[] }
  | {
      readonly kind: 'refused';
      readonly status: 400 | 403 | 423 | 500;
      readonly reason: string;
      readonly minExpires?: number;
    };

/** What an authenticated REGISTER makes of an extension's bindings: all of its contacts apply, or none (RFC 3261 §10.3 step 7). */
export function applyRegister(
  current: readonly Binding[],
  request: RegisterRequest,
  edge: string,
  now: Date,
): RegisterOutcome {
  const living = current.filter((binding) => binding.expiresAt > now);
  const outOfOrder = (binding: Binding) => binding.sipCallId === request.sipCallId && request.cseq <= binding.cseq;

  if (request.wildcard) {
    if (request.defaultExpiresSeconds !== 0 || request.contacts.length > 0)
      return { kind: 'refused', status: 400, reason: 'Contact * needs Expires 0' };
    if (living.some(outOfOrder)) return { kind: 'refused', status: 500, reason: 'Out of Order' };
    return { kind: 'accepted', bindings: [] };
  }

  let bindings = living;
  for (const contact of request.contacts) {
    const asked = contact.expiresSeconds ?? request.defaultExpiresSeconds ?? registerLimits.defaultSeconds;
    if (asked > 0 && asked < registerLimits.minSeconds)
      return { kind: 'refused', status: 423, reason: 'Interval Too Brief', minExpires: registerLimits.minSeconds };
    const same = bindings.find(
      (binding) =>
        binding.contact === contact.uri || (contact.instance !== null && binding.instance === contact.instance),
    );
    if (same && outOfOrder(same)) return { kind: 'refused', status: 500, reason: 'Out of Order' };
    bindings = bindings.filter((binding) => binding !== same);
    if (asked === 0) continue;
    const { protocol, address, port } = request.source;
    bindings = [
      ...bindings,
      {
        extension: request.user,
        contact: contact.uri,
        expiresAt: new Date(now.getTime() + Math.min(asked, registerLimits.maxSeconds) * 1000),
        q: contact.q >= 0 && contact.q <= 1 ? contact.q : 1,
        sipCallId: request.sipCallId,
        cseq: request.cseq,
        edge,
        flow: `${protocol}/${address}:${port}`,
        path: (request.headers('Path') ?? '')
          .split(',')
          .map((one) => one.trim())
          .filter(Boolean),
        received: address,
        instance: contact.instance,
        userAgent: request.userAgent,
      },
    ];
  }
  if (bindings.length > registerLimits.maxContacts)
    return { kind: 'refused', status: 403, reason: 'Too Many Contacts' };
  return { kind: 'accepted', bindings };
}

/** Contact values of the 200, with the seconds that each still has (RFC 3261 §10.3 step 8). */
export function contactHeader(bindings: readonly Binding[], now: Date): string {
  return bindings
    .map((binding) => {
      const seconds = Math.max(0, Math.round((binding.expiresAt.getTime() - now.getTime()) / 1000));
      const instance = binding.instance ? `;+sip.instance="${binding.instance}"` : '';
      return `<${binding.contact}>;q=${binding.q};expires=${seconds}${instance}`;
    })
    .join(', ');
}
