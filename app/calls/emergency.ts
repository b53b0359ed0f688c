import { setTimeout as delay } from 'node:timers/promises';
import type { MediaEndpoint } from '../../media/ports.ts';
import { inWords, pidfLo } from '../../sip/pidf-lo.ts';
import type { Dialog, InboundInvite, OutboundInvite } from '../../sip/ports.ts';
import { answerWith } from './answer.ts';
import { aborted } from './answered-leg.ts';
import { Call, type CallEnding } from './call.ts';
import { Conversation } from './conversation.ts';
import type { CallDeps, OutboundTrunk } from './deps.ts';
import { dialTrunks } from './dial-trunks.ts';
import { outsideParty } from './outbound.ts';
import { phoneArrival } from './phone-arrival.ts';

/** Longer than that a caller in need does not wait for the media server: the phone talks to the trunk directly. */
const mediaWaitMs = 500;
const silentSeconds = 5;
const ringSeconds = 120;

/**
 * 911, or 933 to hear the location read back (Kari's Law, RAY BAUM's Act; 47 CFR 9.16): out by the emergency trunk, then by
 * any other, with callback number and dispatchable location, and on every screen at once. Nothing stands before it: no
 * class of service, cap, channel limit, announcement or recording, and neither database nor media server is needed.
 */
export async function emergencyCall(
  invite: InboundInvite,
  extension: string,
  service: '911' | '933',
  on: CallDeps,
): Promise<void> {
  invite.ring();
  const call = new Call(on, phoneArrival(invite, extension, 'outbound', service, on));
  const rules = on.phones().extension(extension);
  const callbackNumber = rules?.callbackNumber ?? rules?.callerId ?? null;
  const location = rules?.location ?? null;
  call.show({
    emergency: { service, callbackNumber, location: location && inWords(location) },
    ringing: [service],
    extensions: [extension],
  });
  call.event('emergency', { service, extension, callbackNumber, located: location !== null });
  call.log.warn({ service, extension }, 'emergency call');
  let ending: CallEnding = { outcome: 'failed', because: 'an error' };
  try {
    ending = await connect(invite, extension, service, call, on);
  } catch (error) {
    call.log.error({ err: error }, 'the emergency call script threw');
    invite.reject(503);
  } finally {
    on.metrics.emergencyCallsTotal.inc({ result: ending.outcome });
    if (ending.outcome !== 'talked') call.log.error({ service, extension, because: ending.because }, 'emergency call');
    call.ended(ending.outcome, ending.because);
  }
}

async function connect(
  invite: InboundInvite,
  extension: string,
  service: string,
  call: Call,
  on: CallDeps,
): Promise<CallEnding> {
  const media = await mediaFor(invite, call, on);
  const sdp = media?.outside.localSdp ?? invite.offer;
  let talking = false;
  try {
    // RFC 3261 §13.2.1: without an offer, and without media to make one, there is nothing to send.
    if (sdp === null) {
      invite.reject(488);
      return { outcome: 'refused', because: 'no offer and no media' };
    }
    const startedAt = new Date();
    const dialled = await dialTrunks(
      emergencyOrder(on.phones().outboundTrunks, on),
      {
        userFor: () => service,
        invite: { sdp, ...who(extension, on) },
        ringSeconds,
        silentSeconds,
        signal: invite.cancelled,
        nextAfter: () => true,
      },
      call,
      on,
    );
    if (dialled.kind === 'callerGone') return { outcome: 'abandoned', because: 'hung up before the answer' };
    if (dialled.kind === 'refused') {
      invite.reject(503);
      return { outcome: 'unanswered', because: dialled.because };
    }
    talking = true;
    if (!media) return await relay(invite, dialled.dialog, extension, startedAt, call);
    return await talk(invite, dialled.dialog, media, extension, startedAt, call, on);
  } finally {
    // Legs own their endpoints: a transfer may have taken them elsewhere.
    if (!talking) await Promise.all([media?.phone.destroy(), media?.outside.destroy()]);
  }
}

type Media = { readonly phone: MediaEndpoint; readonly outside: MediaEndpoint };

async function talk(
  invite: InboundInvite,
  dialog: Dialog,
  media: Media,
  extension: string,
  startedAt: Date,
  call: Call,
  on: CallDeps,
): Promise<CallEnding> {
  const { party } = await outsideParty(dialog, media.outside, startedAt, call);
  try {
    const leg = await answerWith(invite, media.phone);
    const ended = call.leg({
      role: 'caller',
      sipCallId: invite.sipCallId,
      extension,
      mediaEndpoint: media.phone.id,
      startedAt: call.startedAt,
      answeredAt: new Date(),
    });
    try {
      const end = await new Conversation({ leg, extension, ended }, party, call, on).run();
      return { outcome: 'talked', because: end.because };
    } finally {
      ended(leg.endReason);
      await leg.release();
    }
  } finally {
    await party.leg.release();
  }
}

/** Both dialogs without media between: the phone's SDP and the trunk's, and every later offer of either. */
async function relay(
  invite: InboundInvite,
  outside: Dialog,
  extension: string,
  startedAt: Date,
  call: Call,
): Promise<CallEnding> {
  call.event('without-media');
  try {
    const phone = await invite.answer(outside.remoteSdp);
    const common = { mediaEndpoint: null, startedAt, answeredAt: new Date() };
    const ends = [
      call.leg({ role: 'caller', sipCallId: phone.sipCallId, extension, ...common }),
      call.leg({ role: 'outside', sipCallId: outside.sipCallId, extension: null, ...common }),
    ];
    phone.onModify((offer) => outside.modify(offer));
    outside.onModify((offer) => phone.modify(offer));
    call.bridged('outside', 'outside', [extension]);
    await aborted(AbortSignal.any([phone.ended, outside.ended]));
    const because = phone.ended.aborted ? `${extension} hung up` : 'the answering point hung up';
    await phone.bye();
    for (const end of ends) end(because);
    return { outcome: 'talked', because };
  } finally {
    await outside.bye();
  }
}

/** Null: no media in time. */
async function mediaFor(invite: InboundInvite, call: Call, on: CallDeps): Promise<Media | null> {
  const creating = bothOrNone(invite.offer, on);
  const late = Symbol('late');
  const media = await Promise.race([creating, delay(mediaWaitMs, late)]);
  if (media === late) void creating.then((both) => Promise.all([both?.phone.destroy(), both?.outside.destroy()]));
  if (media !== late && media !== null) return media as Media;
  call.log.warn({ late: media === late }, 'no media for the emergency call');
  return null;
}

async function bothOrNone(offer: string | null, on: CallDeps): Promise<Media | null> {
  const made = await Promise.allSettled([on.media.createEndpoint(offer), on.media.createEndpoint(null)]);
  const [phone, outside] = made.map((one) => (one.status === 'fulfilled' ? one.value : null));
  if (phone && outside) return { phone, outside };
  await Promise.all([phone?.destroy(), outside?.destroy()]);
  return null;
}

/** Callback number and location (RFC 6442), as the extension has them. */
function who(extension: string, on: CallDeps): Pick<OutboundInvite, 'callerNumber' | 'headers' | 'location'> {
  const rules = on.phones().extension(extension);
  const callback = rules?.callbackNumber ?? rules?.callerId ?? null;
  const headers = {
    // RFC 7090 §6: its callback is to reach the phone.
    Priority: 'emergency',
    ...(callback && { 'P-Asserted-Identity': `<sip:${callback}@localhost>` }),
  };
  if (!rules?.location) return { callerNumber: callback ?? extension, headers };
  const contentId = `${extension}.${Date.now()}@chartline`;
  const entity = `sip:${callback ?? extension}@localhost`;
  return {
    callerNumber: callback ?? extension,
    location: { contentType: 'application/pidf+xml', contentId, text: pidfLo(entity, rules.location, new Date()) },
    headers: { ...headers, Geolocation: `<cid:${contentId}>`, 'Geolocation-Routing': 'yes' },
  };
}

/** The emergency trunks, then all others; of each kind those that answer OPTIONS first. */
function emergencyOrder(trunks: readonly OutboundTrunk[], on: CallDeps): readonly OutboundTrunk[] {
  const rank = (trunk: OutboundTrunk) => 2 * Number(!trunk.emergency) + Number(!on.trunkHealth.isUp(trunk.name));
  return trunks.toSorted((a, b) => rank(a) - rank(b));
}
