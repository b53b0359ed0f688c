import type { Candidate } from '../../ehr/types.ts';
import { readBirthDate } from '../../media/birth-date.ts';
import type { AssuranceLevel } from '../../routing/types.ts';
import type { AnsweredLeg } from './answered-leg.ts';
import type { Call } from './call.ts';
import type { CallDeps, Line } from './deps.ts';

export type Verification =
  | { readonly kind: 'verified'; readonly candidate: Candidate; readonly assurance: AssuranceLevel }
  | { readonly kind: 'unverified' };

const tries = 2;
const keyWaitMs = 7_000;

export type VerifyDeps = Pick<CallDeps, 'prompts' | 'audit'>;

/**
 * Asks for the date of birth and raises the caller to level 3 when exactly one candidate has it (design.md §5); a caller
 * may pass it over by # or by waiting. Wrong answers are few, and audited; what was keyed is stored nowhere. `mute`
 * leaves the keys out of the recording.
 */
export async function verifyByBirthDate(
  candidates: readonly Candidate[],
  line: Line,
  caller: AnsweredLeg,
  mute: { pause(): void; resume(): void },
  call: Call,
  on: VerifyDeps,
): Promise<Verification> {
  const known = candidates.filter((candidate) => candidate.birthDate !== null);
  if (known.length === 0) return { kind: 'unverified' };
  mute.pause();
  try {
    for (let attempt = 1; attempt <= tries && !caller.ended.aborted; attempt += 1) {
      const keyed = await ask(attempt === 1 ? 'ask-birth-date' : 'birth-date-again', line, caller, on);
      if (keyed === '') break;
      const date = readBirthDate(keyed, new Date());
      const matching = known.filter((candidate) => candidate.birthDate === date);
      const [only] = matching;
      if (only && matching.length === 1) {
        call.event('verified', { by: 'birth date', attempt });
        return { kind: 'verified', candidate: only, assurance: 3 };
      }
      call.event('verification-failed', { by: 'birth date', attempt });
      void on
        .audit({ actor: 'caller', action: 'verification failed', subject: `call:${call.id}`, detail: { attempt } })
        .catch((error: unknown) => call.log.error({ err: error }, 'audit not stored'));
    }
    return { kind: 'unverified' };
  } finally {
    mute.resume();
  }
}

async function ask(key: string, line: Line, caller: AnsweredLeg, on: VerifyDeps): Promise<string> {
  const file = await on.prompts.file(key, line.language);
  if (file === null) return '';
  return caller.endpoint.collect(
    { prompts: [file], minDigits: 1, maxDigits: 8, timeoutMs: keyWaitMs, interDigitMs: 4_000, terminator: '#' },
    caller.ended,
  );
}
