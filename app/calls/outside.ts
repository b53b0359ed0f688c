import { ringback } from '../../media/prompts.ts';
import type { Step } from '../../routing/types.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps, Line } from './deps.ts';
import { dialOutside } from './outbound.ts';
import type { Rung } from './ring.ts';

const acceptMs = 6_000;

/**
 * Rings a number outside through the trunks for outgoing calls. Whoever picks up must press 1: a mailbox that answers for
 * a person must not swallow a patient.
 */
export async function ringOutside(
  step: Extract<Step, { kind: 'outside' }>,
  line: Line,
  caller: AnsweredLeg,
  call: Call,
  on: CallDeps,
): Promise<Rung<null>> {
  const reached = await dialOutside(step.number, line.number, step.ringSeconds, caller, call, on);
  if (reached.kind !== 'answered') return reached;
  const { leg, ended: legEnded } = reached.party;
  const accepted = await accepts(leg, line, caller, on);
  call.event('outside', { accepted });
  if (accepted && !caller.ended.aborted) return { kind: 'answered', leg, extension: null, legEnded };
  legEnded('not accepted');
  await leg.release();
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
