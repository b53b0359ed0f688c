import { checkPhone, claimedExtension } from '../../sip/phone-auth.ts';
import type { InboundInvite } from '../../sip/ports.ts';
import type { CallDeps } from './deps.ts';
import { isEmergency } from './dial-plan.ts';
import { callFromPhone } from './from-phone.ts';
import { inboundCall } from './inbound.ts';

/** Every new INVITE: a phone of ours that calls, or a trunk that brings a caller. */
export async function takeCall(invite: InboundInvite, on: CallDeps): Promise<void> {
  const extension = claimedExtension(invite, (user) => on.phones().isExtension(user));
  if (extension === null) {
    await inboundCall(invite, on);
    return;
  }
  // Nobody in need is asked twice: the registration has proved the phone, and 911 must go out whatever its secret.
  if (isEmergency(invite.dialled) && on.registrar.isAt(extension, invite.source.address)) {
    await callFromPhone(invite, extension, on);
    return;
  }
  const check = checkPhone(invite, extension, on.registrar.authority, on.registrar.offers, (user) =>
    on.phones().secretsOf(user),
  );
  switch (check.kind) {
    case 'phone':
      await callFromPhone(invite, extension, on);
      return;
    case 'challenge':
      invite.reject(407, undefined, check.headers);
      return;
    case 'refused':
      on.metrics.refusalsTotal.inc({ cause: 'auth' });
      on.metrics.authFailuresTotal.inc();
      invite.reject(403);
      return;
    default:
      check satisfies never;
  }
}
