import type { CompiledRule, CompiledRules, RuleList } from './compile.ts';
import { Context } from './context.ts';
import { Expansion } from './targets.ts';
import type { CallFacts, Decision, RuleTrial, Step } from './types.ts';

/** Teams that the last resort rings; an urgent call rings the first before the second. */
export const triageTeam = 'nurse-triage';
export const lastResortTeam = 'front-desk';
/** Prompts of the last resort: rendered files, so that they play without a database. */
export const nobodyPrompt = 'nobody-available';
export const urgentNobodyPrompt = 'nobody-available-urgent';

const lastResortRingSeconds = 20;

/**
 * Where this call goes and why: the first rule whose every condition holds, its targets as steps, then the last resort.
 * An urgent call tries only rules that are for urgent calls, whatever the caller chose. Pure and total.
 */
export function decide(facts: CallFacts, rules: CompiledRules): Decision {
  const call = new Context(facts, rules);
  const reasons: RuleTrial[] = [];
  const rule = firstThatHolds(call, rules, reasons);
  const expansion = new Expansion(call);
  for (const target of rule?.targets ?? []) expansion.add(target);
  if (!expansion.ends) lastResort(call, expansion);
  return {
    rule: rule && { id: rule.id, name: rule.name },
    steps: expansion.steps as [Step, ...Step[]],
    reasons,
    targets: expansion.trials,
    rulesVersion: rules.version,
  };
}

function firstThatHolds(call: Context, rules: CompiledRules, reasons: RuleTrial[]): CompiledRule | null {
  const verdicts = new Array<string | true | undefined>(rules.conditions.length);
  for (const rule of inOrder(call.urgent ? rules.urgent : rules.ordinary, call.facts.line)) {
    const failed = firstFailure(rule, call, rules.conditions, verdicts);
    reasons.push({ ruleId: rule.id, name: rule.name, applied: failed === null, because: failed ?? rule.matched });
    if (failed === null) return rule;
  }
  return null;
}

function firstFailure(
  rule: CompiledRule,
  call: Context,
  conditions: CompiledRules['conditions'],
  verdicts: (string | true | undefined)[],
): string | null {
  for (const index of rule.conditions) {
    let verdict = verdicts[index];
    if (verdict === undefined) {
      const condition = conditions[index];
      verdict = !condition || condition.holds(call) || `needs ${condition.needs}: ${condition.found(call)}`;
      verdicts[index] = verdict;
    }
    if (verdict !== true) return verdict;
  }
  return null;
}

/** The rules of this line and of any line as one list, by priority, then id. */
function* inOrder(list: RuleList, line: string): Generator<CompiledRule> {
  const own = list.byLine.get(line) ?? [];
  const any = list.anyLine;
  for (let i = 0, j = 0; i < own.length || j < any.length; ) {
    const [a, b] = [own[i], any[j]];
    if (a && (!b || a.priority < b.priority || (a.priority === b.priority && a.id < b.id))) {
      yield a;
      i += 1;
    } else if (b) {
      yield b;
      j += 1;
    }
  }
}

function lastResort(call: Context, expansion: Expansion): void {
  if (call.urgent) expansion.addTeam(triageTeam, lastResortRingSeconds);
  expansion.addTeam(lastResortTeam, lastResortRingSeconds);
  if (call.urgent) expansion.addEverybody(lastResortRingSeconds);
  expansion.addGoodbye(call.urgent ? urgentNobodyPrompt : nobodyPrompt);
}
