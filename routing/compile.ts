import { type Condition, conditionsOf } from './conditions.ts';
import type { Clinic, Context } from './context.ts';
import type { RouteRow, RoutingRows, TargetRow } from './rows.ts';
import type { RuleTrial } from './types.ts';

export type CompiledRule = {
  readonly id: number;
  readonly name: string;
  readonly priority: number;
  readonly conditions: readonly CompiledCondition[];
  readonly targets: readonly TargetRow[];
  /** What to say of it once tried; null: it applied. */
  readonly trial: (failed: string | null) => RuleTrial;
};
type CompiledCondition = {
  /** Place among the conditions that several rules have, each worked out once a decision; -1: only one rule has it. */
  readonly shared: number;
  readonly holds: Condition['holds'];
  /** Why it does not hold, in words. */
  readonly because: (call: Context) => string;
};

/** Rules in the order in which they are tried, those of one line apart from those of any line. */
export type RuleList = {
  readonly anyLine: readonly CompiledRule[];
  readonly byLine: ReadonlyMap<string, readonly CompiledRule[]>;
};

/** Rules ready to decide with; immutable, so that a call keeps the version it began with. */
export type CompiledRules = Clinic & {
  readonly version: number;
  readonly ordinary: RuleList;
  /** Rules that say `urgent` or `intent urgent`: the only ones that an urgent call tries. */
  readonly urgent: RuleList;
  readonly sharedConditions: number;
};

/** Makes rows into rules: disabled ones dropped, the others sorted by priority, then id. */
export function compileRules(rows: RoutingRows): CompiledRules {
  const enabled = rows.routes.filter((row) => row.enabled).toSorted((a, b) => a.priority - b.priority || a.id - b.id);
  const conditions = new Conditions(enabled);
  const compiled = enabled.map((row) => ({ row, rule: compileRule(row, conditions) }));
  return {
    version: rows.version,
    ordinary: listOf(compiled.filter(({ row }) => !forUrgent(row))),
    urgent: listOf(compiled.filter(({ row }) => forUrgent(row))),
    sharedConditions: conditions.shared,
    schedules: byName(rows.schedules),
    teams: byName(rows.teams),
    lines: new Map(rows.lines.map((line) => [line.number, line])),
    rotations: byName(rows.rotations),
    staffNames: new Map(rows.staff.map((person) => [person.id, person.name])),
  };
}

/** Whether a rule is for urgent calls: they try only these. */
export function forUrgent(row: RouteRow): boolean {
  return row.urgent === true || row.intent === 'urgent';
}

function compileRule(row: RouteRow, conditions: Conditions): CompiledRule {
  const own = asked(row);
  const line = row.line === null ? [] : [`line ${row.line}`];
  const needs = [...line, ...own.map((condition) => condition.needs)].join('; ') || 'it takes every call';
  return {
    id: row.id,
    name: row.name,
    priority: row.priority,
    conditions: own.map((condition) => conditions.compile(condition)),
    targets: row.targets,
    trial: trialsOf(row, needs),
  };
}

function asked(row: RouteRow): Condition[] {
  // An urgent call has the intent 'urgent' whatever was pressed, so that no other intent can take it away.
  return conditionsOf(forUrgent(row) ? { ...row, intent: null } : row);
}

/** Compiles equal conditions once. */
class Conditions {
  readonly #uses = new Map<string, number>();
  readonly #compiled = new Map<string, CompiledCondition>();
  shared = 0;

  constructor(rows: readonly RouteRow[]) {
    for (const { key } of rows.flatMap(asked)) this.#uses.set(key, (this.#uses.get(key) ?? 0) + 1);
  }

  compile(condition: Condition): CompiledCondition {
    const known = this.#compiled.get(condition.key);
    if (known) return known;
    const shared = (this.#uses.get(condition.key) ?? 0) > 1 ? this.shared++ : -1;
    const compiled = { shared, holds: condition.holds, because: becauseOf(condition) };
    this.#compiled.set(condition.key, compiled);
    return compiled;
  }
}

// A rule mostly fails for the reason it failed before: keeping the last text and trial halves the time of a decision on
// 10 000 rules, and most of its garbage.

function becauseOf({ needs, found }: Condition): (call: Context) => string {
  let lastFound = '';
  let last = '';
  return (call) => {
    const now = found(call);
    if (now !== lastFound) {
      lastFound = now;
      last = `needs ${needs}: ${now}`;
    }
    return last;
  };
}

function trialsOf({ id, name }: RouteRow, needs: string): CompiledRule['trial'] {
  const applied: RuleTrial = { ruleId: id, name, applied: true, because: needs };
  let last = applied;
  return (failed) => {
    if (failed === null) return applied;
    if (failed !== last.because || last.applied) last = { ruleId: id, name, applied: false, because: failed };
    return last;
  };
}

function listOf(rules: readonly { row: RouteRow; rule: CompiledRule }[]): RuleList {
  const byLine = new Map<string, CompiledRule[]>();
  const anyLine: CompiledRule[] = [];
  for (const { row, rule } of rules) {
    if (row.line === null) {
      anyLine.push(rule);
      continue;
    }
    const list = byLine.get(row.line);
    if (list) list.push(rule);
    else byLine.set(row.line, [rule]);
  }
  return { anyLine, byLine };
}

function byName<T extends { readonly name: string }>(items: readonly T[]): ReadonlyMap<string, T> {
  return new Map(items.map((item) => [item.name, item]));
}
