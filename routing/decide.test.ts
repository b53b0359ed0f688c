import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { E164 } from '../sip/address.ts';
import {
  call,
  callerNumber,
  chart,
  clinicRows,
  everybody,
  generalLine,
  ruizLine,
} from '../test/support/clinic-facts.ts';
import { compileRules } from './compile.ts';
import { decide, urgentNobodyPrompt } from './decide.ts';
import { blankRoute } from './defaults.ts';
import { explain } from './explain.ts';
import { covers } from './overlap.ts';
import { inPercentage } from './percentage.ts';
import { replay } from './replay.ts';
import type { RouteRow, TargetRow } from './rows.ts';
import { reviveFacts, type StoredFacts } from './stored-facts.ts';
import type { CallFacts, ChartFacts, Intent, StaffFacts } from './types.ts';

const intents: readonly Intent[] = ['appointment', 'refill', 'clinical', 'results', 'billing', 'operator', 'urgent'];
const callers = ['known', 'ambiguous', 'new', 'unknown', 'blocked', 'staff', 'other-clinic'] as const;
const practitioners = ['prac-ruiz', 'prac-chen', 'prac-adams', 'prac-elsewhere'] as const;
const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: null, freq: 3 });
const aDate = fc.date({ min: new Date('2025-01-01'), max: new Date('2027-12-31'), noInvalidDate: true });

const aTarget: fc.Arbitrary<TargetRow> = fc
  .oneof(
    fc.constantFrom('pcp', 'last-seen', 'result-owner', 'line-owner', 'care-team').map((kind) => [kind, null] as const),
    fc.constantFrom('201', '301', '599').map((value) => ['extension', value] as const),
    fc.constantFrom('nurse-triage', 'scheduling', 'front-desk', 'nobody').map((value) => ['team', value] as const),
    fc.constantFrom('queue', 'callback').map((kind) => [kind, 'scheduling'] as const),
    fc.constantFrom(['goodbye', 'goodbye'], ['menu', 'main'], ['on-call', 'clinic'], ['voicemail', '201'], [
      'outside',
      '+12025550188',
    ] as const),
  )
  .map(([kind, value]) => ({ kind, value, ringSeconds: 20, maxWaitSeconds: 60 }) as TargetRow);

const aRoute: fc.Arbitrary<Omit<RouteRow, 'id' | 'name'>> = fc.record({
  priority: fc.integer({ min: 1, max: 20 }),
  enabled: fc.boolean(),
  line: maybe(fc.constantFrom(generalLine, ruizLine)),
  directLine: maybe(fc.boolean()),
  caller: maybe(fc.constantFrom(...callers)),
  minAssurance: maybe(fc.constantFrom(0, 1, 2, 3, 4)),
  intent: maybe(fc.constantFrom(...intents)),
  urgent: maybe(fc.boolean()),
  hasPcp: maybe(fc.boolean()),
  seenWithinDays: maybe(fc.integer({ min: 1, max: 400 })),
  seenBy: maybe(fc.constantFrom(...practitioners)),
  appointmentWithinDays: maybe(fc.integer({ min: 1, max: 400 })),
  openResult: maybe(fc.boolean()),
  openOrder: maybe(fc.boolean()),
  openTask: maybe(fc.boolean()),
  careTeamMember: maybe(fc.constantFrom(...practitioners)),
  flag: maybe(fc.constantFrom('Fall risk', 'fall RISK', 'VIP')),
  language: maybe(fc.constantFrom('en', 'es', 'es-MX')),
  minAge: maybe(fc.integer({ min: 0, max: 90 })),
  maxAge: maybe(fc.integer({ min: 0, max: 90 })),
  location: maybe(fc.constantFrom('north', 'south')),
  schedule: fc.constant('clinic'),
  whileOpen: fc.boolean(),
  staff: fc.constant(null),
  staffState: fc.constant(null),
  queueTeam: fc.constant(null),
  queueWaitOverSeconds: fc.constant(null),
  percentage: maybe(fc.integer({ min: 1, max: 99 })),
  targets: fc.array(aTarget, { maxLength: 4 }),
});
const routes = fc
  .array(
    fc
      .tuple(aRoute, fc.boolean())
      .map(([route, hours]) => (hours ? route : { ...route, schedule: null, whileOpen: null })),
    { maxLength: 12 },
  )
  .map((list) => list.map((route, index): RouteRow => ({ ...route, id: index + 1, name: `rule ${index + 1}` })));

const aChart: fc.Arbitrary<ChartFacts> = fc.record({
  pcp: maybe(fc.constantFrom(...practitioners)),
  lastSeen: maybe(fc.record({ practitioner: fc.constantFrom(...practitioners), at: aDate })),
  nextAppointment: maybe(fc.record({ practitioner: maybe(fc.constantFrom(...practitioners)), at: aDate })),
  openResult: maybe(fc.record({ orderedBy: maybe(fc.constantFrom(...practitioners)) })),
  openOrder: fc.boolean(),
  openTask: fc.boolean(),
  careTeam: fc.subarray([...practitioners]),
  flags: fc.subarray(['Fall risk', 'VIP']),
  language: maybe(fc.constantFrom('en', 'es', 'fr-CA')),
  birthDate: maybe(fc.constantFrom('1950-01-01', '1990-06', '2015', '2024-02-29')),
  location: fc.constantFrom('north', 'south'),
});
const aPerson = (person: StaffFacts): fc.Arbitrary<StaffFacts> =>
  fc.record({
    ...Object.fromEntries(Object.entries(person).map(([key, value]) => [key, fc.constant(value)])),
    state: fc.constantFrom('available', 'busy', 'away', 'out'),
    registered: fc.boolean(),
    coveredBy: maybe(fc.integer({ min: 1, max: 9 })),
    lastCallEndedAt: maybe(aDate),
  }) as unknown as fc.Arbitrary<StaffFacts>;
const facts: fc.Arbitrary<CallFacts> = fc.record({
  line: fc.constantFrom(generalLine, ruizLine, '+12025550999' as E164),
  callerNumber: maybe(fc.integer({ min: 0, max: 9999 }).map((n) => `+1202555${String(n).padStart(4, '0')}` as E164)),
  caller: fc.constantFrom(...callers),
  assurance: fc.constantFrom(0, 1, 2, 3, 4),
  intent: maybe(fc.constantFrom(...intents)),
  urgent: fc.boolean(),
  at: aDate,
  chart: maybe(aChart),
  staff: fc.tuple(...everybody.map(aPerson)),
  queues: fc.constant([]),
});
const compiled = (list: readonly RouteRow[]) => compileRules({ ...clinicRows, routes: list });

describe('for any rules and any call', () => {
  test('a decision always exists, ends in a goodbye, and rings no phone twice', () => {
    fc.assert(
      fc.property(routes, facts, (list, these) => {
        const { steps, reasons, rule } = decide(these, compiled(list));
        expect(steps.at(-1)?.kind).toBe('goodbye');
        const rung = steps.flatMap((step) => (step.kind === 'ring' ? step.extensions : []));
        expect(new Set(rung).size).toBe(rung.length);
        expect(reasons.filter((trial) => trial.applied)).toHaveLength(rule === null ? 0 : 1);
        expect(reasons.every((trial) => trial.because.length > 0)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('urgent beats every intent: what was chosen changes nothing', () => {
    fc.assert(
      fc.property(routes, facts, maybe(fc.constantFrom(...intents)), (list, these, chosen) => {
        const rules = compiled(list);
        const urgent = decide({ ...these, urgent: true }, rules);
        expect(decide({ ...these, urgent: true, intent: chosen }, rules)).toEqual(urgent);
        expect(decide({ ...these, urgent: false, intent: 'urgent' }, rules)).toEqual(urgent);
      }),
      { numRuns: 500 },
    );
  });

  test('urgent beats every rule that is not for urgent calls: without them nothing changes', () => {
    fc.assert(
      fc.property(routes, facts, (list, these) => {
        const call = { ...these, urgent: true };
        const forUrgent = list.filter((route) => route.urgent === true || route.intent === 'urgent');
        expect(decide(call, compiled(list))).toEqual(decide(call, compiled(forUrgent)));
      }),
      { numRuns: 500 },
    );
  });

  test('an urgent call that no phone can take is told to dial 911, by whichever rule without its own goodbye', () => {
    fc.assert(
      fc.property(routes, facts, (list, these) => {
        const quiet = list.map((route) => ({ ...route, targets: route.targets.filter(({ kind }) => kind === 'team') }));
        const nobody = these.staff.map((person) => ({ ...person, registered: false }));
        const { steps } = decide({ ...these, urgent: true, staff: nobody }, compiled(quiet));
        expect(steps).toEqual([{ kind: 'goodbye', prompt: urgentNobodyPrompt }]);
      }),
    );
  });

  test('disabling a rule never changes a call that it did not take', () => {
    fc.assert(
      fc.property(routes, facts, fc.nat(), (list, these, pick) => {
        const before = decide(these, compiled(list));
        const index = list.length === 0 ? -1 : pick % list.length;
        const fewer = list.map((route, i) => (i === index ? { ...route, enabled: false } : route));
        const after = decide(these, compiled(fewer));
        if (before.rule?.id === list[index]?.id) return;
        expect([after.rule, after.steps, after.targets]).toEqual([before.rule, before.steps, before.targets]);
      }),
      { numRuns: 1000 },
    );
  });

  test('a rule that the linter says covers another takes every call that the other takes', () => {
    fc.assert(
      fc.property(aRoute, aRoute, fc.subarray(Object.keys(blankRoute)), facts, (a, b, kept, these) => {
        // The wide rule keeps some of the narrow one's conditions, so that covering happens often.
        const narrow: RouteRow = { ...a, enabled: true, urgent: null, intent: null, id: 1, name: 'narrow' };
        const mixed = Object.fromEntries(kept.map((key) => [key, b[key as keyof typeof b]]));
        const loosened = Object.fromEntries(
          Object.keys(blankRoute).map((key) => [key, key in mixed ? narrow[key as keyof RouteRow] : null]),
        );
        const wide = { ...blankRoute, ...loosened, enabled: true, urgent: null, intent: null, percentage: null };
        const wideRule: RouteRow = { ...wide, priority: 1, id: 2, name: 'wide', targets: [] };
        fc.pre(covers(wideRule, narrow));
        const call = { ...these, urgent: false, intent: null };
        const takes = (route: RouteRow) => decide(call, compiled([route])).rule !== null;
        expect(!takes(narrow) || takes(wideRule)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });

  test('facts that were stored as JSON decide as they did', () => {
    fc.assert(
      fc.property(routes, facts, (list, these) => {
        const { callerNumber: number, ...kept } = these;
        const revived = reviveFacts(JSON.parse(JSON.stringify(kept)) as StoredFacts, number);
        expect(decide(revived, compiled(list))).toEqual(decide(these, compiled(list)));
      }),
      { numRuns: 300 },
    );
  });
});

describe('a share of callers', () => {
  const numbers = Array.from({ length: 10_000 }, (_, i) => `+1202${String(5_550_000 + i).padStart(7, '0')}`);
  test.each([1, 5, 10, 25, 50, 75, 99])('%i%% of 10 000 callers is within one point', (percentage) => {
    const taken = numbers.filter((number) => inPercentage(number, 42, percentage)).length;
    expect(Math.abs(taken / 100 - percentage)).toBeLessThanOrEqual(1);
  });
  test('is the same callers every time, and raising it keeps them', () => {
    const at = (percentage: number) => numbers.filter((number) => inPercentage(number, 42, percentage));
    expect(at(10)).toEqual(at(10));
    const more = new Set(at(20));
    expect(at(10).filter((number) => !more.has(number))).toEqual([]);
  });
  test('is drawn apart for each rule', () => {
    const both = numbers.filter((number) => inPercentage(number, 1, 50) && inPercentage(number, 2, 50)).length;
    expect(Math.abs(both / 100 - 25)).toBeLessThan(2);
  });
});

test('an explanation says the rule, the way, and why each other was not taken', () => {
  const decision = decide(call, compileRules(clinicRows));
  const text = explain(decision);
  expect(text).toContain("'has a PCP' decides\n  because a patient with a PCP");
  expect(text).toContain('1. rings 201 for 20 s\n  2. rings 301 and 302 for 20 s');
  expect(text).toContain("'seen lately': needs a patient seen within 14 days: the last visit was not so");
  expect(text).not.toContain(callerNumber);
});

test('a replay tells only calls that would go elsewhere', () => {
  const rules = compileRules(clinicRows);
  const earlier = decide(call, rules);
  const outcome = { rule: earlier.rule?.name ?? null, steps: earlier.steps };
  expect(replay(outcome, call, rules)).toBeNull();
  const now = replay(outcome, { ...call, chart: { ...chart, pcp: 'prac-chen' } }, rules);
  expect(now?.was).toMatch(/^has a PCP: rings 201/);
  expect(now?.now).toMatch(/^has a PCP: rings 202/);
});
