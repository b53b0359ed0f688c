import { MediaFailure } from '../../media/errors.ts';
import type { MediaEndpoint } from '../../media/ports.ts';
import { ringback } from '../../media/prompts.ts';
import type { E164 } from '../../sip/address.ts';
import { writeNumber } from '../../sip/number-format.ts';
import type { Dialog } from '../../sip/ports.ts';
import { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import { whyNotCall } from './calling-policy.ts';
import type { CallDeps, OutboundTrunk } from './deps.ts';
import { dialTrunks } from './dial-trunks.ts';
import type { Reached } from './reach.ts';
import type { Waiting } from './ring.ts';

const silentSeconds = 8;
const minutesWaitMs = 300;

/**
 * Calls a number outside as `extension` may, by the trunks in turn. The other side is not recorded: it has heard no
 * notice, and consent to be recorded is asked of callers only.
 */
export async function reachOutside(
  number: E164,
  extension: string,
  ringSeconds: number,
  waiting: Waiting,
  call: Call,
  on: CallDeps,
): Promise<Reached> {
  const phones = on.phones();
  const rules = phones.extension(extension);
  if (!rules) return { kind: 'nobody', status: 403, because: 'no such extension' };
  const refusal = whyNotCall(number, rules, await minutesToday(extension, on), phones.region);
  if (refusal) {
    on.metrics.refusalsTotal.inc({ cause: refusal.cause });
    call.event('outside-refused', { extension, cause: refusal.cause });
    return { kind: 'nobody', status: refusal.status, because: refusal.cause };
  }
  call.show({ extensions: [extension] });
  return dialOutside(number, rules.callerId, ringSeconds, waiting, call, on);
}

/** By the trunks in turn, showing `callerId`, a number of ours. Whether the call may be made was asked before. */
export async function dialOutside(
  number: E164,
  callerId: E164 | null,
  ringSeconds: number,
  waiting: Waiting,
  call: Call,
  on: CallDeps,
): Promise<Reached> {
  const trunks = inOrder(on.phones().outboundTrunks, on).filter(
    (trunk) => on.trunkCalls.count(trunk.name) < trunk.maxChannels,
  );
  if (trunks.length === 0) return { kind: 'nobody', status: 503, because: 'no trunk is free' };
  let endpoint: MediaEndpoint;
  try {
    endpoint = await on.media.createEndpoint(null);
  } catch (error) {
    if (!(error instanceof MediaFailure)) throw error;
    return { kind: 'nobody', status: 503, because: 'no media' };
  }
  const callerNumber = callerId ?? 'anonymous';
  const ended = new AbortController();
  const playing = waiting.endpoint?.play([ringback], ended.signal).catch(() => {});
  const startedAt = new Date();
  call.show({ state: 'ringing', ringing: [number] });
  try {
    const dialled = await dialTrunks(
      trunks,
      {
        userFor: (trunk) => writeNumber(number, trunk.numberFormat, trunk.region),
        invite: { callerNumber, sdp: endpoint.localSdp },
        headersFor: (trunk) => asserted(callerNumber, trunk),
        ringSeconds,
        silentSeconds,
        signal: AbortSignal.any([waiting.ended, endpoint.gone]),
        onRinging: () => call.reached('ringing'),
        nextAfter: (status) => status >= 500 && status < 600,
      },
      call,
      on,
    );
    if (dialled.kind === 'answered') return await outsideParty(dialled.dialog, endpoint, startedAt, call);
    await endpoint.destroy();
    return dialled.kind === 'callerGone'
      ? dialled
      : { kind: 'nobody', status: dialled.status, because: dialled.because };
  } catch (error) {
    await endpoint.destroy();
    throw error;
  } finally {
    ended.abort();
    await playing;
  }
}

/** The party behind a trunk's answer, recorded as a leg. */
export async function outsideParty(
  dialog: Dialog,
  endpoint: MediaEndpoint,
  startedAt: Date,
  call: Call,
): Promise<Extract<Reached, { kind: 'answered' }>> {
  await endpoint.modify(dialog.remoteSdp);
  const ended = call.leg({
    role: 'outside',
    sipCallId: dialog.sipCallId,
    dialogId: dialog.id,
    extension: null,
    mediaEndpoint: endpoint.id,
    startedAt,
    answeredAt: new Date(),
  });
  return { kind: 'answered', party: { leg: new AnsweredLeg(dialog, endpoint), extension: null, ended } };
}

/** Those that answer OPTIONS first; those kept for emergencies last. */
function inOrder(trunks: readonly OutboundTrunk[], on: CallDeps): readonly OutboundTrunk[] {
  const rank = (trunk: OutboundTrunk) => Number(trunk.emergency) + 2 * Number(!on.trunkHealth.isUp(trunk.name));
  return trunks.toSorted((a, b) => rank(a) - rank(b));
}

/** RFC 3325: a trunk of our trust domain is told who calls. */
function asserted(callerNumber: string, trunk: OutboundTrunk): Record<string, string> {
  if (!trunk.trusted || callerNumber === 'anonymous') return {};
  return { 'P-Asserted-Identity': `<sip:${callerNumber}@localhost>` };
}

/** Null: not known in time. */
async function minutesToday(extension: string, on: CallDeps): Promise<number | null> {
  const timer = Promise.withResolvers<null>();
  const timeout = setTimeout(() => timer.resolve(null), minutesWaitMs);
  try {
    return await Promise.race([on.outboundMinutesToday(extension), timer.promise]);
  } catch {
    return null;
  } finally {
    clearTimeout(timeout);
  }
}
