import type { CompiledRules } from './compile.ts';
import { decide } from './decide.ts';
import { stepText } from './explain.ts';
import type { CallFacts, Step } from './types.ts';

export type Rerouted = { readonly was: string; readonly now: string };
type Outcome = { readonly rule: string | null; readonly steps: readonly Step[] };

/** How an earlier decision would differ by `rules`, in words; null when the call would go the same way. */
export function replay(earlier: Outcome, facts: CallFacts, rules: CompiledRules): Rerouted | null {
  const decision = decide(facts, rules);
  const [was, now] = [inWords(earlier), inWords({ rule: decision.rule?.name ?? null, steps: decision.steps })];
  return was.steps === now.steps ? null : { was: was.text, now: now.text };
}

function inWords({ rule, steps }: Outcome): { steps: string; text: string } {
  const way = steps.map(stepText).join(', then ');
  return { steps: way, text: `${rule ?? 'last resort'}: ${way}` };
}
