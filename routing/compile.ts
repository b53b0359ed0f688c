import { type Condition, conditionsOf } from './conditions.ts';
import type { Clinic } from './context.ts';
import type { RouteRow, RoutingRows, TargetRow } from './rows.ts';

export type CompiledRule = {
  readonly id: number;
  readonly name: string;
  readonly priority: number;
  /** Indices into `CompiledRules.conditions`. */
  readonly conditions: readonly number[];
  readonly targets: readonly TargetRow[];
  /** The trial of this rule when nothing failed, made once. */
  readonly matched: string;
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
  /** Distinct conditions of all rules: each is worked out at most once a decision. */
  readonly conditions: readonly Condition[];
};

/** Makes rows into rules: disabled ones dropped, the others sorted by priority, then id. */
export function compileRules(rows: RoutingRows): CompiledRules {
  const conditions: Condition[] = [];
  const indexByKey = new Map<string, number>();
  const indexOf = (condition: Condition): number => {
    let index = indexByKey.get(condition.key);
    if (index === undefined) {
      index = conditions.push(condition) - 1;
      indexByKey.set(condition.key, index);
    }
    return index;
  };
  const enabled = rows.routes
    .filter((row) => row.enabled)
    .toSorted((a, b) => a.priority - b.priority || a.id - b.id)
    .map((row) => ({ row, rule: compileRule(row, indexOf) }));
  return {
    version: rows.version,
    ordinary: listOf(enabled.filter(({ row }) => !forUrgent(row))),
    urgent: listOf(enabled.filter(({ row }) => forUrgent(row))),
    conditions,
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

function compileRule(row: RouteRow, indexOf: (condition: Condition) => number): CompiledRule {
  // An urgent call has the intent 'urgent' whatever was pressed, so that no other intent can take it away.
  const conditions = conditionsOf(forUrgent(row) ? { ...row, intent: null } : row);
  const line = row.line === null ? [] : [`line ${row.line}`];
  const needs = [...line, ...conditions.map((condition) => condition.needs)];
  return {
    id: row.id,
    name: row.name,
    priority: row.priority,
    conditions: conditions.map(indexOf),
    targets: row.targets,
    matched: needs.length === 0 ? 'it takes every call' : needs.join('; '),
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
