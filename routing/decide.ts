import type { CompiledRule, CompiledRules } from './compile.ts';
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
  const list = call.urgent ? rules.urgent : rules.ordinary;
  const own = list.byLine.get(call.facts.line) ?? [];
  const any = list.anyLine;
  const verdicts = new Array<string | true | undefined>(rules.sharedConditions);
  // The rules of this line and those of any line, merged by priority, then id.
  for (let i = 0, j = 0; i < own.length || j < any.length; ) {
    const rule = precedes(own[i], any[j]) ? own[i++] : any[j++];
    if (!rule) continue;
    const failed = firstFailure(rule, call, verdicts);
    reasons.push(rule.trial(failed));
    if (failed === null) return rule;
  }
  return null;
}

function precedes(a: CompiledRule | undefined, b: CompiledRule | undefined): boolean {
  if (!a || !b) return a !== undefined;
  return a.priority < b.priority || (a.priority === b.priority && a.id < b.id);
}

function firstFailure(rule: CompiledRule, call: Context, verdicts: (string | true | undefined)[]): string | null {
  for (const { shared, holds, because } of rule.conditions) {
    let verdict = shared === -1 ? undefined : verdicts[shared];
    if (verdict === undefined) {
      verdict = holds(call) || because(call);
      if (shared !== -1) verdicts[shared] = verdict;
    }
    if (verdict !== true) return verdict;
  }
  return null;
}

function lastResort(call: Context, expansion: Expansion): void {
  if (call.urgent) expansion.addTeam(triageTeam, lastResortRingSeconds);
  expansion.addTeam(lastResortTeam, lastResortRingSeconds);
  if (call.urgent) expansion.addEverybody(lastResortRingSeconds);
  expansion.addGoodbye(call.urgent ? urgentNobodyPrompt : nobodyPrompt);
}
