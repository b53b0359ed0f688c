import { primarySubtag } from './availability.ts';
import type { RouteRow } from './rows.ts';

type Condition = Exclude<keyof RouteRow, 'id' | 'priority' | 'enabled' | 'name' | 'urgent' | 'targets'>;
/** How a condition's values compare: whether `wide` holds for every call that `narrow` holds for. */
type Compare = (wide: never, narrow: never) => boolean;

const equal: Compare = (wide, narrow) => wide === narrow;
const atLeast: Compare = (wide: number, narrow: number) => narrow >= wide;
const atMost: Compare = (wide: number, narrow: number) => narrow <= wide;

const conditions: Readonly<Record<Condition, Compare>> = {
  line: equal,
  directLine: equal,
  caller: equal,
  minAssurance: atLeast,
  intent: equal,
  hasPcp: equal,
  seenWithinDays: atMost,
  seenBy: equal,
  appointmentWithinDays: atMost,
  openResult: equal,
  openOrder: equal,
  openTask: equal,
  careTeamMember: equal,
  flag: (wide: string, narrow: string) => wide.toLowerCase() === narrow.toLowerCase(),
  language: (wide: string, narrow: string) => primarySubtag(wide) === primarySubtag(narrow),
  minAge: atLeast,
  maxAge: atMost,
  location: equal,
  schedule: equal,
  whileOpen: equal,
  staff: equal,
  staffState: equal,
  queueTeam: equal,
  queueWaitOverSeconds: atLeast,
  // Two shares of callers are drawn apart, so one never covers the other.
  percentage: () => false,
};
const names = Object.keys(conditions) as Condition[];
const compareOf = (name: Condition) => conditions[name] as (wide: unknown, narrow: unknown) => boolean;

/** Whether every call that `narrow` takes is one that `wide` takes too. Both are urgent, or neither. */
export function covers(wide: RouteRow, narrow: RouteRow): boolean {
  return names.every(
    (name) => wide[name] === null || (narrow[name] !== null && compareOf(name)(wide[name], narrow[name])),
  );
}

/** Whether a rule asks for nothing: every call of its kind, urgent or not, is taken. */
export function takesAll(route: RouteRow): boolean {
  return names.every((name) => route[name] === null);
}

const exclusive: readonly Condition[] = [
  'line',
  'directLine',
  'caller',
  'intent',
  'hasPcp',
  'openResult',
  'openOrder',
  'openTask',
  'language',
  'location',
];

/** Whether no call can meet both. */
export function contradicts(a: RouteRow, b: RouteRow): boolean {
  if (exclusive.some((name) => a[name] !== null && b[name] !== null && !compareOf(name)(a[name], b[name]))) return true;
  if (a.schedule !== null && a.schedule === b.schedule && a.whileOpen !== b.whileOpen) return true;
  if (a.staff !== null && a.staff === b.staff && a.staffState !== b.staffState) return true;
  return (a.minAge ?? 0) > (b.maxAge ?? 999) || (b.minAge ?? 0) > (a.maxAge ?? 999);
}

/** Whether a rule asks anything of the chart. */
export function asksChart(route: RouteRow): boolean {
  const asked: readonly Condition[] = [
    'hasPcp',
    'seenWithinDays',
    'seenBy',
    'appointmentWithinDays',
    'openResult',
    'openOrder',
    'openTask',
    'careTeamMember',
    'flag',
    'minAge',
    'maxAge',
    'location',
  ];
  return asked.some((name) => route[name] !== null);
}
