import { MediaFailure } from '../../media/errors.ts';
import type { InboundInvite } from '../../sip/ports.ts';
import { answerWith } from './answer.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import { Call, type CallEnding } from './call.ts';
import { Conversation } from './conversation.ts';
import type { CallDeps } from './deps.ts';
import { type Dialled, readDialled } from './dial-plan.ts';
import { emergencyCall } from './emergency.ts';
import { identify } from './identify.ts';
import { phoneArrival } from './phone-arrival.ts';
import { reach } from './reach.ts';
import { takeOver } from './take-over.ts';
import { parkedIn, ringingAt } from './takeable.ts';

const ringSeconds = { extension: 30, outside: 90 } as const;

/**
 * A call that a desk phone makes, already authenticated as `extension`. It is answered only when the other side does:
 * until then the phone makes its own ringback from our 180.
 */
export async function callFromPhone(invite: InboundInvite, extension: string, on: CallDeps): Promise<void> {
  const phones = on.phones();
  const dialled = readDialled(invite.dialled, phones.region, (number) => phones.isExtension(number));
  if (dialled.kind === 'emergency') return emergencyCall(invite, extension, dialled.service, on);
  if (dialled.kind === 'pickup') return takeOver(invite, extension, ringingAt(dialled.extension), on);
  if (dialled.kind === 'parked') return takeOver(invite, extension, parkedIn(dialled.slot), on);
  if (dialled.kind === 'unknown') {
    on.metrics.refusalsTotal.inc({ cause: 'no-such-destination' });
    invite.reject(404);
    return;
  }
  invite.ring();
  const call = begin(invite, extension, dialled, on);
  const free = on.busy.take(extension);
  let ending: CallEnding = { outcome: 'failed', because: 'an error' };
  try {
    ending = await connect(invite, extension, dialled, free, call, on);
  } catch (error) {
    call.log.error({ err: error }, 'the call script threw');
    invite.reject(500);
  } finally {
    free();
    call.ended(ending.outcome, ending.because);
  }
}

type Ordinary = Extract<Dialled, { kind: 'extension' } | { kind: 'outside' }>;

function begin(invite: InboundInvite, extension: string, dialled: Ordinary, on: CallDeps): Call {
  const outside = dialled.kind === 'outside' ? dialled.number : null;
  const call = new Call(on, phoneArrival(invite, extension, outside === null ? 'internal' : 'outbound', outside, on));
  // Who calls a patient sees the patient.
  if (outside !== null) identify(call, on, outside);
  return call;
}

async function connect(
  invite: InboundInvite,
  from: string,
  dialled: Ordinary,
  free: () => void,
  call: Call,
  on: CallDeps,
): Promise<CallEnding> {
  const ends = new AsyncDisposableStack();
  try {
    const endpoint = await on.media.createEndpoint(invite.offer);
    let caller: AnsweredLeg | null = null;
    ends.defer(async () => {
      // Once answered the leg owns it: a transfer may have taken both elsewhere.
      if (!caller) await endpoint.destroy();
    });
    const waiting = { ended: AbortSignal.any([invite.cancelled, endpoint.gone]), endpoint: null };
    const asks = { extension: from, ringSeconds: ringSeconds[dialled.kind] };
    const to = dialled.kind === 'extension' ? dialled.extension : dialled.number;
    const reached = await reach(to, asks, waiting, call, on);
    if (reached.kind === 'callerGone') return { outcome: 'abandoned', because: 'hung up while ringing' };
    if (reached.kind === 'nobody') {
      invite.reject(reached.status);
      return { outcome: reached.status === 403 ? 'refused' : 'unanswered', because: reached.because };
    }
    const { party } = reached;
    ends.defer(async () => {
      party.ended(party.leg.endReason);
      await party.leg.release();
    });
    const answered = await answerWith(invite, endpoint);
    caller = answered;
    const callerEnded = call.leg({
      role: 'caller',
      sipCallId: invite.sipCallId,
      dialogId: answered.dialog.id,
      extension: from,
      mediaEndpoint: endpoint.id,
      startedAt: call.startedAt,
      answeredAt: new Date(),
    });
    ends.defer(async () => {
      callerEnded(answered.endReason);
      await answered.release();
    });
    const talking = new Conversation({ leg: answered, extension: from, ended: callerEnded }, party, call, on).run();
    // From now on the conversation says who is busy: a transfer may take either out of it.
    free();
    return { outcome: 'talked', because: (await talking).because };
  } catch (error) {
    if (!(error instanceof MediaFailure)) throw error;
    call.log.warn({ err: error }, 'no media for the phone');
    invite.reject(503, undefined, { 'Retry-After': '5' });
    return { outcome: 'refused', because: 'no media' };
  } finally {
    await ends.disposeAsync();
  }
}
