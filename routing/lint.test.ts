import { expect, test } from '@jest/globals';
import { clinicRows, ruizLine } from '../test/support/clinic-facts.ts';
import { blankRoute, defaultRoutes, target } from './defaults.ts';
import { lint } from './lint.ts';
import { covers } from './overlap.ts';
import type { RouteRow, RoutingRows } from './rows.ts';

const route = (name: string, more: Partial<RouteRow>): RouteRow => ({
  ...blankRoute,
  id: 100,
  priority: 500,
  name,
  targets: [target('team', 'front-desk')],
  ...more,
});
const withRoutes = (...routes: RouteRow[]): RoutingRows => ({ ...clinicRows, routes: [...defaultRoutes, ...routes] });
const about = (rows: RoutingRows, name: string) =>
  lint(rows)
    .filter((finding) => finding.about === name)
    .map(({ kind, text }) => `${kind}: ${text}`);

test('the default routes of the test clinic have nothing odd', () => {
  expect(lint(clinicRows)).toEqual([]);
});

test.each<[string, Partial<RouteRow>, RegExp]>([
  [
    'behind a rule that takes all of them',
    { intent: 'refill', minAge: 65 },
    /'refill' \(priority 90\) takes every call/,
  ],
  ['behind a wider number of days', { seenWithinDays: 7 }, /'seen lately'/],
  ['behind a rule for everybody', { priority: 950 }, /'everybody else'/],
  [
    'a chart condition for callers without a chart',
    { priority: 5, caller: 'unknown', hasPcp: true },
    /only a known caller/,
  ],
  [
    'a direct line that is shared',
    { priority: 5, line: clinicRows.lines[0]?.number ?? null, directLine: true },
    /not a provider/,
  ],
  ['a shared line that is direct', { priority: 5, line: ruizLine, directLine: false }, /its line is a provider/],
  ["the state of a phone that is nobody's", { priority: 5, staff: '999', staffState: 'out' }, /nobody's/],
])('a rule that no call can reach: %s', (_, more, text) => {
  const findings = about(withRoutes(route('new', more)), 'new');
  expect(findings.filter((finding) => finding.startsWith('never: '))).toEqual([expect.stringMatching(text)]);
});

test('a rule for a schedule that never closes, or never opens', () => {
  const always = [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, opens: 0, closes: 1440 }));
  const schedules = (periods: typeof always) => ({
    ...clinicRows,
    schedules: [{ name: 'clinic', timeZone: 'America/New_York', periods, exceptions: [] }],
  });
  expect(about(schedules(always), 'after hours')).toEqual(['never: clinic is never closed']);
  const open = route('open', { priority: 5, schedule: 'clinic', whileOpen: true });
  const closed = { ...schedules([]), routes: [...defaultRoutes, open] };
  expect(about(closed, 'open')).toEqual(['never: clinic is never open']);
  expect(about(closed, 'clinic')).toEqual(['check: has no hours: it is always closed']);
});

test('two rules of one priority that a call may meet both; not when they exclude each other', () => {
  const one = route('one', { intent: 'refill', priority: 7 });
  expect(about(withRoutes(one, route('two', { id: 101, priority: 7, language: 'es' })), 'one')).toEqual([
    "check: has the priority of 'two', 7, and a call may meet both: give them different numbers",
  ]);
  expect(about(withRoutes(one, route('two', { id: 101, priority: 7, intent: 'billing' })), 'one')).toEqual([]);
});

test('targets without staff', () => {
  const empty = { ...clinicRows, teams: clinicRows.teams.map((team) => ({ ...team, members: [] })) };
  expect(about(empty, 'billing')).toEqual(['nobody: team front-desk has nobody with a phone']);
  const nobodyOnCall = { ...clinicRows, rotations: clinicRows.rotations.map((one) => ({ ...one, members: [] })) };
  expect(about(nobodyOnCall, 'after hours')).toEqual([
    expect.stringMatching(/^nobody: rotation clinic .*on_call_member/),
  ]);
  const noRuiz = { ...clinicRows, staff: clinicRows.staff.filter((person) => person.practitioner !== 'prac-ruiz') };
  expect(about(noRuiz, 'direct line')).toEqual([expect.stringMatching(/^nobody: the owner of line Dr Ruiz/)]);
});

test('targets after the goodbye, and none at all', () => {
  const late = route('late', { priority: 5, language: 'es', targets: [target('goodbye', 'goodbye'), target('pcp')] });
  const bare = route('bare', { id: 101, priority: 6, language: 'fr', targets: [] });
  const rows = withRoutes(late, bare);
  expect(about(rows, 'late')).toEqual(['check: 1 of its targets come after goodbye and are never reached']);
  expect(about(rows, 'bare')).toEqual(['check: has no target: its calls go to the last resort at once']);
});

test('hours with gaps and overlaps', () => {
  const periods = [
    { weekday: 1, opens: 480, closes: 720 },
    { weekday: 1, opens: 780, closes: 1020 },
    { weekday: 2, opens: 480, closes: 720 },
    { weekday: 2, opens: 700, closes: 1020 },
  ];
  const rows = { ...clinicRows, schedules: [{ name: 'clinic', timeZone: 'Mars/Base', periods, exceptions: [] }] };
  expect(about(rows, 'clinic')).toEqual([
    'check: is closed on Monday from 12:00 to 13:00, between two periods',
    'check: has periods that overlap on Tuesday at 11:40',
    'check: its time zone Mars/Base is not known here: it counts as closed',
  ]);
});

test('people who cover each other in a circle are told once', () => {
  const staff = clinicRows.staff.map((person) => ({
    ...person,
    coveredBy: { 1: 2, 2: 3, 3: 1, 4: 1 }[person.id] ?? null,
  }));
  const findings = lint({ ...clinicRows, staff });
  expect(findings).toEqual([
    { kind: 'check', about: 'Dr Ruiz', text: expect.stringContaining('(Dr Ruiz, Dr Chen, Dr Adams)') },
  ]);
});

test('a set without a rule for everybody, urgent or not', () => {
  const texts = lint({ ...clinicRows, routes: [route('only', { intent: 'refill' })] }).map(({ text }) => text);
  expect(texts).toEqual([
    expect.stringMatching(/no rule takes every call/),
    expect.stringMatching(/no rule takes every urgent call/),
  ]);
});

test.each<[string, Partial<RouteRow>, Partial<RouteRow>, boolean]>([
  ['an age from 18 covers one from 65', { minAge: 18 }, { minAge: 65 }, true],
  ['an age from 65 does not cover one from 18', { minAge: 65 }, { minAge: 18 }, false],
  ['an age to 65 covers one to 18', { maxAge: 65 }, { maxAge: 18 }, true],
  ['30 days cover 7', { seenWithinDays: 30 }, { seenWithinDays: 7 }, true],
  ['7 days do not cover 30', { seenWithinDays: 7 }, { seenWithinDays: 30 }, false],
  ['assurance 1 covers 3', { minAssurance: 1 }, { minAssurance: 3 }, true],
  ['assurance 3 does not cover 1', { minAssurance: 3 }, { minAssurance: 1 }, false],
  ['Spanish covers Mexican Spanish', { language: 'es' }, { language: 'es-MX' }, true],
  ['a wait over 60 s covers one over 120 s', { queueWaitOverSeconds: 60 }, { queueWaitOverSeconds: 120 }, true],
  ['a condition does not cover its absence', { flag: 'VIP' }, {}, false],
  ['a share of callers covers nobody else', { percentage: 50 }, { percentage: 50 }, false],
])('%s', (_, wide, narrow, expected) => {
  expect(covers(route('wide', wide), route('narrow', narrow))).toBe(expected);
});
