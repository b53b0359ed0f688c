import { ringback } from '../../media/prompts.ts';
import type { Step } from '../../routing/types.ts';
import { toSipUri } from '../../sip/address.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps, Line } from './deps.ts';
import { type Rung, ringPhones } from './ring.ts';

const acceptMs = 6_000;

/**
 * Rings a number outside through the trunk for outgoing calls. Whoever picks up must press 1: a mailbox that answers for
 * a person must not swallow a patient.
 */
export async function ringOutside(
  step: Extract<Step, { kind: 'outside' }>,
  line: Line,
  caller: AnsweredLeg,
  call: Call,
  on: CallDeps,
): Promise<Rung<null>> {
  const carrier = on.phones().carrier();
  const uri = carrier && toSipUri(carrier.replace(/^(sips?:)(?:[^@]*@)?/i, `$1${step.number}@`));
  if (!uri) return { kind: 'nobody', because: 'no trunk takes outgoing calls' };
  // The carrier lets us show a number of our own only.
  const phone = { extension: null, uri, proxy: null, callerNumber: line.number };
  const rung = await ringPhones([phone], step.ringSeconds, caller, call, on);
  if (rung.kind !== 'answered') return rung;
  const accepted = await accepts(rung.leg, line, caller, on);
  call.event('outside', { accepted });
  if (accepted && !caller.ended.aborted) return rung;
  rung.legEnded('not accepted');
  await rung.leg.release();
  return caller.ended.aborted
    ? { kind: 'callerGone' }
    : { kind: 'nobody', because: 'whoever answered did not press 1' };
}

async function accepts(called: AnsweredLeg, line: Line, caller: AnsweredLeg, on: CallDeps): Promise<boolean> {
  const prompt = await on.prompts.file('accept-call', line.language);
  if (prompt === null) return true;
  const over = new AbortController();
  const ringing = caller.endpoint.play([ringback], over.signal).catch(() => {});
  try {
    const pressed = await called.endpoint.collect(
      {
        prompts: [prompt, prompt],
        minDigits: 1,
        maxDigits: 1,
        timeoutMs: acceptMs,
        interDigitMs: acceptMs,
        terminator: null,
      },
      AbortSignal.any([called.ended, caller.ended]),
    );
    return pressed === '1';
  } finally {
    over.abort();
    await ringing;
  }
}
