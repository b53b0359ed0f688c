import type { MediaEndpoint } from '../../media/ports.ts';
import { ringback } from '../../media/prompts.ts';
import type { SipUri } from '../../sip/address.ts';
import type { Dialog, OutboundResult } from '../../sip/ports.ts';
import { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';
import { ringingAt } from './takeable.ts';
import type { Taken } from './talk.ts';

/** `extension` null: somebody outside. */
export type Rung<Extension extends string | null = string> =
  | {
      readonly kind: 'answered';
      readonly leg: AnsweredLeg;
      readonly extension: Extension;
      readonly legEnded: (reason: string) => void;
    }
  | { readonly kind: 'nobody'; readonly because: string }
  | { readonly kind: 'callerGone' };

type Phone = {
  readonly extension: string;
  readonly uri: SipUri;
  readonly proxy: SipUri | null;
};

/** Who waits while phones ring; `endpoint` null: makes its own ringback. */
export type Waiting = { readonly ended: AbortSignal; readonly endpoint: MediaEndpoint | null };

/**
 * Rings every phone of these extensions at once, ringback to the caller meanwhile. The first that answers wins, the
 * others are cancelled; all share one media endpoint, whose offer they answer.
 */
export async function ring(
  extensions: readonly string[],
  ringSeconds: number,
  caller: Waiting,
  call: Call,
  on: CallDeps,
): Promise<Rung> {
  const phones = extensions.flatMap((extension) =>
    on.registrar.targets(extension).map((target): Phone => ({ extension, uri: target.uri, proxy: target.proxy })),
  );
  if (phones.length === 0) return { kind: 'nobody', because: 'no phone is registered' };
  if (caller.ended.aborted) return { kind: 'callerGone' };

  let endpoint: MediaEndpoint;
  try {
    endpoint = await on.media.createEndpoint(null);
  } catch (error) {
    call.log.error({ err: error }, 'no media for the phones');
    return { kind: 'nobody', because: 'no media' };
  }
  const rung = [...new Set(phones.map((phone) => phone.extension))];
  const release = rung.map((extension) => on.busy.take(extension));
  const ringing = new AbortController();
  const startedAt = new Date();
  call.event('ringing', { extensions: rung, ringSeconds });
  call.show({ state: 'ringing', extensions: rung, ringing: rung.map((extension) => nameOf(extension, on)) });
  const playing = caller.endpoint?.play([ringback], ringing.signal).catch(() => {});
  try {
    const winner = await firstToAnswer(phones, endpoint, ringSeconds, ringing, caller, call, on);
    if ('kind' in winner) {
      await endpoint.destroy();
      return winner;
    }
    const { extension } = winner;
    let leg: AnsweredLeg;
    if ('leg' in winner) {
      await endpoint.destroy();
      call.event('picked-up', { extension });
      leg = winner.leg;
    } else {
      await endpoint.modify(winner.dialog.remoteSdp);
      leg = new AnsweredLeg(winner.dialog, endpoint);
    }
    const legEnded = call.leg({
      role: 'staff',
      sipCallId: leg.dialog.sipCallId,
      dialogId: leg.dialog.id,
      extension,
      mediaEndpoint: leg.endpoint.id,
      startedAt,
      answeredAt: new Date(),
    });
    return { kind: 'answered', leg, extension, legEnded };
  } catch (error) {
    await endpoint.destroy();
    call.log.error({ err: error }, 'ringing failed');
    return { kind: 'nobody', because: 'the phone could not be reached' };
  } finally {
    ringing.abort();
    for (const free of release) free();
    await playing;
  }
}

/** A phone that rang, or another that took the call from it (`leg`). */
type Winner = { readonly extension: string } & ({ readonly dialog: Dialog } | { readonly leg: AnsweredLeg });
type Loss = Exclude<Rung, { kind: 'answered' }>;

async function firstToAnswer(
  phones: readonly Phone[],
  endpoint: MediaEndpoint,
  ringSeconds: number,
  ringing: AbortController,
  caller: Waiting,
  call: Call,
  on: CallDeps,
): Promise<Winner | Loss> {
  const { promise, resolve } = Promise.withResolvers<Winner | Loss>();
  const signal = AbortSignal.any([ringing.signal, caller.ended, endpoint.gone]);
  let won = false;
  let busy = false;
  const pickUp = ({ leg, extension }: Taken) => {
    if (won || extension === null) {
      void leg.release();
      return;
    }
    won = true;
    resolve({ leg, extension });
    ringing.abort();
  };
  const withdraw = phones.map((phone) => on.takeable.offer(ringingAt(phone.extension), pickUp));
  const attempts = phones.map(async (phone) => {
    const result = await on.signaling
      .invite({
        to: phone.uri,
        proxy: phone.proxy,
        callerNumber: call.caller.withheld ? 'anonymous' : (call.caller.number ?? (call.caller.user || 'unknown')),
        callerName: null,
        sdp: endpoint.localSdp,
        ringSeconds,
        signal,
        onRinging: () => call.reached('ringing'),
      })
      .catch((error: unknown): OutboundResult => {
        call.log.error({ err: error, extension: phone.extension }, 'an INVITE to a phone could not be sent');
        return { kind: 'refused', status: 503, reason: 'not sent' };
      });
    call.event('rang', {
      extension: phone.extension,
      result: result.kind,
      ...(result.kind === 'refused' && { status: result.status }),
    });
    // RFC 3261 §21.4.24, §21.6.1
    if (result.kind === 'refused' && (result.status === 486 || result.status === 600)) busy = true;
    if (result.kind !== 'answered') return;
    if (won) {
      // Two phones were picked up in the same moment: the second is told that it lost.
      await result.dialog.bye();
      return;
    }
    won = true;
    resolve({ dialog: result.dialog, extension: phone.extension });
    ringing.abort();
  });
  void Promise.all(attempts).then(() => {
    if (won) return;
    const because = busy ? 'busy' : 'nobody answered';
    resolve(caller.ended.aborted ? { kind: 'callerGone' } : { kind: 'nobody', because });
  });
  return promise.finally(() => {
    for (const each of withdraw) each();
  });
}

/** 'Dr. Elena Ruiz (201)' for screens. */
export function nameOf(extension: string, on: CallDeps): string {
  const person = on.phones().personAt(extension);
  return person ? `${person.name} (${extension})` : extension;
}
