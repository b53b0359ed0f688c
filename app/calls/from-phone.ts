import type { CallOutcome } from '../../db/calls.ts';
import { MediaFailure } from '../../media/errors.ts';
import type { InboundInvite } from '../../sip/ports.ts';
import { AnsweredLeg } from './answered-leg.ts';
import { Call } from './call.ts';
import { Conversation } from './conversation.ts';
import type { CallDeps } from './deps.ts';
import { readDialled } from './dial-plan.ts';
import { nameOf, ring } from './ring.ts';

type Ending = { readonly outcome: CallOutcome; readonly because: string };

/**
 * A call that a desk phone makes, already authenticated as `extension`. It is answered only when the other side does:
 * until then the phone makes its own ringback from our 180.
 */
export async function callFromPhone(invite: InboundInvite, extension: string, on: CallDeps): Promise<void> {
  const phones = on.phones();
  const dialled = readDialled(invite.dialled, phones.region, (number) => phones.isExtension(number));
  if (dialled.kind !== 'extension') {
    on.metrics.refusalsTotal.inc({ cause: 'no-such-destination' });
    invite.reject(404);
    return;
  }
  invite.ring();
  const call = new Call(on, {
    direction: 'internal',
    line: null,
    trunk: null,
    caller: {
      number: null,
      user: extension,
      display: nameOf(extension, on),
      header: 'From',
      withheld: false,
      attestation: 'none',
    },
    startedAt: invite.receivedAt,
    forwardedFrom: null,
  });
  const free = on.busy.take(extension);
  let ending: Ending = { outcome: 'failed', because: 'an error' };
  try {
    ending = await connect(invite, extension, dialled.extension, call, on);
  } catch (error) {
    call.log.error({ err: error }, 'the call script threw');
    invite.reject(500);
  } finally {
    free();
    call.ended(ending.outcome, ending.because);
  }
}

const ringSeconds = 30;

async function connect(invite: InboundInvite, from: string, to: string, call: Call, on: CallDeps): Promise<Ending> {
  if (invite.offer === null) {
    invite.reject(488);
    return { outcome: 'refused', because: 'late offer' };
  }
  const ends = new AsyncDisposableStack();
  try {
    const endpoint = await on.media.createEndpoint(invite.offer);
    let caller: AnsweredLeg | null = null;
    ends.defer(async () => {
      // Once answered the leg owns it: a transfer may have taken both elsewhere.
      if (!caller) await endpoint.destroy();
    });
    const waiting = { ended: AbortSignal.any([invite.cancelled, endpoint.gone]), endpoint: null };
    const rung = await ring([to], ringSeconds, waiting, call, on);
    if (rung.kind === 'callerGone') return { outcome: 'abandoned', because: 'hung up while ringing' };
    if (rung.kind === 'nobody') {
      invite.reject(480);
      return { outcome: 'unanswered', because: rung.because };
    }
    ends.defer(async () => {
      rung.legEnded(rung.leg.endReason);
      await rung.leg.release();
    });
    const answered = new AnsweredLeg(await invite.answer(endpoint.localSdp), endpoint);
    caller = answered;
    const answeredAt = new Date();
    const callerEnded = call.leg({
      role: 'caller',
      sipCallId: invite.sipCallId,
      extension: from,
      mediaEndpoint: endpoint.id,
      startedAt: call.startedAt,
      answeredAt,
    });
    ends.defer(async () => {
      callerEnded(answered.endReason);
      await answered.release();
    });
    const calling = { leg: answered, extension: from, ended: callerEnded };
    const end = await new Conversation(calling, { ...rung, ended: rung.legEnded }, call, on).run();
    return { outcome: 'talked', because: end.because };
  } catch (error) {
    if (!(error instanceof MediaFailure)) throw error;
    call.log.warn({ err: error }, 'no media for the phone');
    invite.reject(503, undefined, { 'Retry-After': '5' });
    return { outcome: 'refused', because: 'no media' };
  } finally {
    await ends.disposeAsync();
  }
}
