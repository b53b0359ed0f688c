import { type E164, type Region, toE164 } from '../../sip/address.ts';
import { callerIdentity, firstDialled } from '../../sip/caller-identity.ts';
import type { CallerIdentity, InboundInvite } from '../../sip/ports.ts';
import type { Line, Phones, Trunk } from './deps.ts';

export type Admission =
  | {
      readonly kind: 'admitted';
      readonly line: Line;
      readonly trunk: Trunk;
      readonly caller: CallerIdentity;
      readonly forwardedFrom: E164 | null;
    }
  | {
      readonly kind: 'refused';
      readonly status: 403 | 404 | 503;
      readonly cause: 'unknown-source' | 'unknown-number' | 'no-channel';
    };

/** Whether we take this INVITE, for which line, and who it says is calling. In memory only: a dead database refuses nobody. */
export function admit(
  invite: Pick<InboundInvite, 'dialled' | 'headers' | 'source'>,
  phones: Phones,
  channelsOf: (trunk: string) => number,
): Admission {
  const trunk = phones.trunkAt(invite.source.address);
  if (!trunk) return { kind: 'refused', status: 403, cause: 'unknown-source' };
  const line = lineOf(invite.dialled, trunk.region, phones);
  if (!line) return { kind: 'refused', status: 404, cause: 'unknown-number' };
  if (channelsOf(trunk.name) >= trunk.maxChannels) return { kind: 'refused', status: 503, cause: 'no-channel' };
  const caller = callerIdentity(invite.headers, trunk);
  return { kind: 'admitted', line, trunk, caller, forwardedFrom: firstDialled(invite.headers, trunk.region) };
}

function lineOf(dialled: string, region: Region, phones: Phones): Line | null {
  const number = toE164(dialled, region);
  return number && phones.line(number);
}
