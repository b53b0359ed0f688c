import type { InboundInvite } from '../../sip/ports.ts';
import type { Arrival } from './call.ts';
import type { CallDeps } from './deps.ts';
import { nameOf } from './ring.ts';

/** How a call begins that one of our own phones makes. `dialled` null: an extension. */
export function phoneArrival(
  invite: InboundInvite,
  extension: string,
  direction: 'internal' | 'outbound',
  dialled: string | null,
  on: CallDeps,
): Arrival {
  const display = nameOf(extension, on);
  return {
    direction,
    line: null,
    trunk: null,
    caller: { number: null, user: extension, display, header: 'From', withheld: false, attestation: 'none' },
    startedAt: invite.receivedAt,
    forwardedFrom: null,
    dialled,
  };
}
