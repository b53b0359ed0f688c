import type { MediaEndpoint } from '../../media/ports.ts';
import type { InboundInvite } from '../../sip/ports.ts';
import { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';

export type Answer =
  | { readonly kind: 'answered'; readonly leg: AnsweredLeg; readonly legEnded: (reason: string) => void }
  | { readonly kind: 'abandoned' }
  | { readonly kind: 'refused'; readonly status: 488 | 503 };

/** Gives the caller a media endpoint and answers. Without media the carrier may try elsewhere: 503, or 488 for its codecs. */
export async function answer(invite: InboundInvite, call: Call, on: CallDeps): Promise<Answer> {
  const startedAt = call.startedAt;
  let endpoint: MediaEndpoint;
  try {
    endpoint = await on.media.createEndpoint(invite.offer);
  } catch (error) {
    const status = refusalOf(error);
    call.log.warn({ status, err: error }, 'no media for the caller');
    invite.reject(status, undefined, status === 503 ? { 'Retry-After': '5' } : {});
    return { kind: 'refused', status };
  }
  if (invite.cancelled.aborted) {
    await endpoint.destroy();
    return { kind: 'abandoned' };
  }
  try {
    const leg = await answerWith(invite, endpoint);
    const answeredAt = new Date();
    on.journal.record({ kind: 'answered', callId: call.id, at: answeredAt });
    call.event('answered', {}, answeredAt);
    call.show({ state: 'menu', answeredAt: answeredAt.toISOString() });
    call.reached('answered');
    const legEnded = call.leg({
      role: 'caller',
      sipCallId: invite.sipCallId,
      dialogId: leg.dialog.id,
      extension: null,
      mediaEndpoint: endpoint.id,
      startedAt,
      answeredAt,
    });
    return { kind: 'answered', leg, legEnded };
  } catch {
    // RFC 3261 §9: the CANCEL crossed our answer.
    await endpoint.destroy();
    return { kind: 'abandoned' };
  }
}

/** Answers with this endpoint. Without an offer the endpoint has made one, and the answer came with the ACK. */
export async function answerWith(invite: InboundInvite, endpoint: MediaEndpoint): Promise<AnsweredLeg> {
  const dialog = await invite.answer(endpoint.localSdp);
  if (invite.offer === null) await endpoint.modify(dialog.remoteSdp);
  return new AnsweredLeg(dialog, endpoint);
}

/** The media server's own 488 (no common codec) is the caller's answer; everything else is our trouble. */
function refusalOf(error: unknown): 488 | 503 {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ((cause as { status?: number }).status === 488) return 488;
  }
  return 503;
}
