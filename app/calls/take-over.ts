import { MediaFailure } from '../../media/errors.ts';
import type { InboundInvite } from '../../sip/ports.ts';
import { answerWith } from './answer.ts';
import type { CallDeps } from './deps.ts';

/**
 * A phone takes a call that rings elsewhere, or that is parked: it becomes a party of that call, whose record shows it.
 * 480 when there is no such call.
 */
export async function takeOver(invite: InboundInvite, extension: string, key: string, on: CallDeps): Promise<void> {
  if (!on.takeable.has(key)) {
    on.metrics.refusalsTotal.inc({ cause: 'nothing-to-take' });
    invite.reject(480);
    return;
  }
  try {
    const endpoint = await on.media.createEndpoint(invite.offer);
    try {
      const leg = await answerWith(invite, endpoint);
      // Another phone may have been faster.
      if (!on.takeable.take(key, { leg, extension })) await leg.release();
    } catch (error) {
      await endpoint.destroy();
      throw error;
    }
  } catch (error) {
    on.log.warn({ err: error, extension }, 'a call could not be taken over');
    invite.reject(error instanceof MediaFailure ? 503 : 500);
  }
}
