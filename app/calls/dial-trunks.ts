import { uriOf } from '../../sip/number-format.ts';
import type { Dialog, OutboundInvite, OutboundResult } from '../../sip/ports.ts';
import { aborted } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps, OutboundTrunk } from './deps.ts';

export type Dialling = {
  /** User part of the Request-URI, as this trunk writes it. */
  readonly userFor: (trunk: OutboundTrunk) => string;
  readonly invite: Pick<OutboundInvite, 'callerNumber' | 'sdp' | 'location' | 'headers'>;
  readonly headersFor?: (trunk: OutboundTrunk) => Readonly<Record<string, string>>;
  readonly ringSeconds: number;
  /** A trunk that says nothing for so long is given up for the next; the last is waited for. */
  readonly silentSeconds: number;
  readonly signal: AbortSignal;
  readonly onRinging?: () => void;
  /** Whether the next trunk is tried after this refusal. */
  readonly nextAfter: (status: number) => boolean;
};
export type Dialled =
  | { readonly kind: 'answered'; readonly dialog: Dialog; readonly trunk: OutboundTrunk }
  | { readonly kind: 'refused'; readonly status: number; readonly because: string }
  | { readonly kind: 'callerGone' };

/** Calls by one trunk after the other until one answers. The channel it takes is free again when the dialog ends. */
export async function dialTrunks(
  trunks: readonly OutboundTrunk[],
  dialling: Dialling,
  call: Call,
  on: CallDeps,
): Promise<Dialled> {
  let refused: Dialled = { kind: 'refused', status: 503, because: 'no trunk to call by' };
  for (const [at, trunk] of trunks.entries()) {
    const leave = on.trunkCalls.enter(trunk.name);
    const result = await tryTrunk(trunk, at === trunks.length - 1, dialling, call, on);
    call.event('dialled', {
      trunk: trunk.name,
      result: result.kind,
      ...(result.kind === 'refused' && { status: result.status }),
    });
    if (result.kind === 'answered') {
      void aborted(result.dialog.ended).then(leave);
      return { kind: 'answered', dialog: result.dialog, trunk };
    }
    leave();
    if (dialling.signal.aborted || result.kind === 'cancelled') return { kind: 'callerGone' };
    const status = statusOf(result);
    refused = { kind: 'refused', status, because: `${trunk.name}: ${result.kind} ${status}` };
    if (result.kind !== 'silent' && !dialling.nextAfter(status)) return refused;
  }
  return refused;
}

async function tryTrunk(
  trunk: OutboundTrunk,
  last: boolean,
  dialling: Dialling,
  call: Call,
  on: CallDeps,
): Promise<OutboundResult> {
  const { invite, userFor, headersFor, ringSeconds, silentSeconds, signal, onRinging } = dialling;
  try {
    return await on.signaling.invite({
      ...invite,
      to: uriOf(userFor(trunk), trunk.outboundUri),
      callerName: null,
      auth: trunk.auth,
      headers: { ...invite.headers, ...headersFor?.(trunk) },
      ringSeconds,
      ...(last ? {} : { silentSeconds }),
      signal,
      ...(onRinging && { onRinging }),
    });
  } catch (error) {
    call.log.error({ err: error, trunk: trunk.name }, 'an INVITE to a trunk could not be sent');
    return { kind: 'refused', status: 503, reason: 'not sent' };
  }
}

/** A redirection is never followed (toll fraud): it counts as a refusal. */
function statusOf(result: Exclude<OutboundResult, { kind: 'answered' } | { kind: 'cancelled' }>): number {
  if (result.kind === 'silent') return 408;
  if (result.kind === 'noAnswer') return 480;
  return result.status < 400 ? 480 : result.status;
}
