import { describe, expect, test } from '@jest/globals';
import {
  adams,
  call,
  callerNumber,
  chart,
  chen,
  clinicRows,
  clinicRules,
  inShort,
  okafor,
  pat,
  ruiz,
  ruizLine,
  rulesWith,
  sam,
  silva,
  staffWith,
} from '../test/support/clinic-facts.ts';
import type { CompiledRules } from './compile.ts';
import { decide } from './decide.ts';
import { target } from './defaults.ts';
import type { RouteRow, RoutingRows } from './rows.ts';
import type { CallFacts, ChartFacts } from './types.ts';

/*
 * Unless a scenario says otherwise: an established patient of Dr Ruiz (201) calls the general line on a Tuesday at
 * 10:00 and presses nothing; everybody is free. Nurses 301 and 302 (who speaks Spanish), scheduling 401 and 402, front
 * desk 501. The expectation reads: rule: phones in the order they ring, '+' at once, 'bye' the prompt that ends the call.
 */

const after = '501 > bye nobody-available';
const onTuesday = (time: string) => new Date(`2026-03-03T${time}:00-05:00`);
const days = (count: number) => new Date(call.at.getTime() + count * 86_400_000);
const withChart = (more: Partial<ChartFacts>): Partial<CallFacts> => ({ chart: { ...chart, ...more } });
const unknown: Partial<CallFacts> = { caller: 'unknown', chart: null, assurance: 0 };

type Scenario = [text: string, call: Partial<CallFacts>, expected: string];

const byDefault: Scenario[] = [
  ['an established patient reaches their PCP', {}, `has a PCP: 201 > 301+302 > ${after}`],
  ['a patient of Dr Chen reaches Dr Chen', withChart({ pcp: 'prac-chen' }), `has a PCP: 202 > 301+302 > ${after}`],
  [
    'a patient seen last week by Dr Chen reaches Dr Chen, then the PCP',
    withChart({ lastSeen: { practitioner: 'prac-chen', at: days(-7) } }),
    `seen lately: 202 > 201 > 301+302 > ${after}`,
  ],
  [
    'a visit three weeks ago is not lately: the PCP rings',
    withChart({ lastSeen: { practitioner: 'prac-chen', at: days(-21) } }),
    `has a PCP: 201 > 301+302 > ${after}`,
  ],
  [
    'a patient whose result waits reaches a nurse before the one who ordered it',
    withChart({ openResult: { orderedBy: 'prac-chen' } }),
    `open result: 301+302 > 202 > 201 > ${after}`,
  ],
  [
    'a result comes before a recent visit',
    withChart({ openResult: { orderedBy: null }, lastSeen: { practitioner: 'prac-chen', at: days(-1) } }),
    `open result: 301+302 > 201 > ${after}`,
  ],
  ['an unknown number reaches scheduling', unknown, `everybody else: 401+402 > ${after}`],
  ['a withheld number reaches scheduling', { ...unknown, callerNumber: null }, `everybody else: 401+402 > ${after}`],
  ['a new patient reaches scheduling', { caller: 'new', chart: null }, `everybody else: 401+402 > ${after}`],
  ['a patient without a PCP reaches scheduling', withChart({ pcp: null }), `everybody else: 401+402 > ${after}`],
  [
    'a number that several patients share reaches the front desk',
    { caller: 'ambiguous', chart: null },
    'several patients: 501 > 401+402 > bye nobody-available',
  ],
  ['a known patient whose chart is away is not guessed at', { chart: null }, `everybody else: 401+402 > ${after}`],
  ['a blocked caller hears goodbye', { caller: 'blocked', chart: null }, 'blocked caller: bye goodbye'],
  ['a colleague reaches the front desk', { caller: 'staff', chart: null }, `colleague: ${after}`],
  ['another clinic reaches a nurse', { caller: 'other-clinic', chart: null }, `other clinic: 301+302 > ${after}`],
  ["Dr Ruiz's own line rings Dr Ruiz", { ...unknown, line: ruizLine }, `direct line: 201 > 301+302 > ${after}`],
  [
    "a patient of Dr Chen on Dr Ruiz's line rings Dr Ruiz",
    { line: ruizLine, chart: { ...chart, pcp: 'prac-chen' } },
    `direct line: 201 > 301+302 > ${after}`,
  ],
];

const byKey: Scenario[] = [
  ['pressing clinical reaches the PCP', { intent: 'clinical' }, `clinical, has a PCP: 201 > 301+302 > ${after}`],
  [
    'an unknown caller pressing clinical reaches a nurse',
    { ...unknown, intent: 'clinical' },
    `clinical: 301+302 > ${after}`,
  ],
  ['pressing appointment reaches scheduling', { intent: 'appointment' }, `appointment: 401+402 > ${after}`],
  ['pressing refill reaches a nurse, then the PCP', { intent: 'refill' }, `refill: 301+302 > 201 > ${after}`],
  ['pressing results reaches a nurse', { intent: 'results' }, `results: 301+302 > ${after}`],
  ['pressing billing reaches the front desk', { intent: 'billing' }, `billing: ${after}`],
  [
    'pressing 0 reaches the front desk, then scheduling',
    { intent: 'operator' },
    'operator: 501 > 401+402 > bye nobody-available',
  ],
  [
    'a key comes before a result that waits',
    { ...withChart({ openResult: { orderedBy: null } }), intent: 'appointment' },
    `appointment: 401+402 > ${after}`,
  ],
  [
    'a shared number that presses appointment reaches scheduling',
    { caller: 'ambiguous', chart: null, intent: 'appointment' },
    `appointment: 401+402 > ${after}`,
  ],
];

const lastUrgent = '501 > 201+202+203+401+402 > bye nobody-available-urgent';
const urgent: Scenario[] = [
  [
    'pressing urgent reaches triage, the on-call, then all',
    { intent: 'urgent' },
    `urgent: 301+302 > 202 > outside +12025550172 > 501 > 201+203+401+402 > bye nobody-available-urgent`,
  ],
  [
    'an urgent call that pressed billing is urgent all the same',
    { intent: 'billing', urgent: true },
    'urgent: 301+302 > 202 > outside +12025550172 > 501 > 201+203+401+402 > bye nobody-available-urgent',
  ],
  [
    "urgent on a provider's own line reaches triage",
    { line: ruizLine, urgent: true },
    'urgent: 301+302 > 202 > outside +12025550172 > 501 > 201+203+401+402 > bye nobody-available-urgent',
  ],
  [
    'a blocked caller whose call is urgent is not turned away',
    { caller: 'blocked', urgent: true },
    'urgent: 301+302 > 202 > outside +12025550172 > 501 > 201+203+401+402 > bye nobody-available-urgent',
  ],
  [
    'urgent at night does not hear the after-hours prompt',
    { urgent: true, at: onTuesday('23:00') },
    'urgent: 301+302 > 202 > outside +12025550172 > 501 > 201+203+401+402 > bye nobody-available-urgent',
  ],
  [
    'urgent with both nurses on the phone reaches the on-call',
    { urgent: true, staff: staffWith({ ...okafor, state: 'busy' }, { ...silva, state: 'busy' }) },
    'urgent: 202 > outside +12025550172 > 501 > 201+203+401+402 > bye nobody-available-urgent',
  ],
  ['urgent with nobody at all is told to dial 911', { urgent: true, staff: [] }, 'urgent: bye nobody-available-urgent'],
];

const people: Scenario[] = [
  [
    'a PCP on the phone is not rung: the nurses are',
    { staff: staffWith({ ...ruiz, state: 'busy' }) },
    `has a PCP: 301+302 > ${after}`,
  ],
  ['a PCP who is away is not rung', { staff: staffWith({ ...ruiz, state: 'away' }) }, `has a PCP: 301+302 > ${after}`],
  [
    'a PCP without a registered phone is not rung',
    { staff: staffWith({ ...ruiz, registered: false }) },
    `has a PCP: 301+302 > ${after}`,
  ],
  [
    'a PCP on leave is covered by Dr Chen',
    { staff: staffWith({ ...ruiz, state: 'out', coveredBy: 2 }) },
    `has a PCP: 202 > 301+302 > ${after}`,
  ],
  [
    'cover is followed twice: Dr Chen is on leave too',
    { staff: staffWith({ ...ruiz, state: 'out', coveredBy: 2 }, { ...chen, state: 'out', coveredBy: 3 }) },
    `has a PCP: 203 > 301+302 > ${after}`,
  ],
  [
    'two who cover each other lead nowhere: the nurses ring',
    { staff: staffWith({ ...ruiz, state: 'out', coveredBy: 2 }, { ...chen, state: 'out', coveredBy: 1 }) },
    `has a PCP: 301+302 > ${after}`,
  ],
  [
    'a PCP on leave whom nobody covers: the nurses ring',
    { staff: staffWith({ ...ruiz, state: 'out' }) },
    `has a PCP: 301+302 > ${after}`,
  ],
  [
    'cover who is busy is not rung',
    { staff: staffWith({ ...ruiz, state: 'out', coveredBy: 2 }, { ...chen, state: 'busy' }) },
    `has a PCP: 301+302 > ${after}`,
  ],
  [
    'a PCP who is not on our phones: the nurses ring',
    withChart({ pcp: 'prac-elsewhere' }),
    `has a PCP: 301+302 > ${after}`,
  ],
  [
    'only the nurse who is free rings',
    { intent: 'results', staff: staffWith({ ...okafor, state: 'busy' }) },
    `results: 302 > ${after}`,
  ],
  [
    'a Spanish-speaking patient reaches the nurse who speaks Spanish first',
    { ...withChart({ language: 'es-MX' }), intent: 'results' },
    `results: 302 > 301 > ${after}`,
  ],
  [
    'scheduling with no phone left goes on to the front desk',
    { ...unknown, staff: staffWith({ ...pat, registered: false }).filter((person) => person.extension !== '402') },
    `everybody else: ${after}`,
  ],
  [
    'nobody has a phone: the caller hears so, never silence',
    { staff: staffWith().map((person) => ({ ...person, registered: false })) },
    'has a PCP: bye nobody-available',
  ],
  [
    'a visit with the PCP last week rings the PCP once, not twice',
    withChart({ lastSeen: { practitioner: 'prac-ruiz', at: days(-3) } }),
    `seen lately: 201 > 301+302 > ${after}`,
  ],
];

const onCallRings = '202 > outside +12025550172';
const hours: Scenario[] = [
  ['at 08:00 the clinic is open', { ...unknown, at: onTuesday('08:00') }, `everybody else: 401+402 > ${after}`],
  [
    'at 07:59 it is not: the on-call rings',
    { at: onTuesday('07:59') },
    `after hours: ${onCallRings} > bye after-hours`,
  ],
  ['at 17:00 it has closed', { at: onTuesday('17:00') }, `after hours: ${onCallRings} > bye after-hours`],
  ['on Sunday it is closed', { at: new Date('2026-03-01T10:00:00-05:00') }, 'after hours: 203 > bye after-hours'],
  [
    "after hours a provider's own line goes to the on-call",
    { line: ruizLine, at: onTuesday('20:00') },
    `after hours: ${onCallRings} > bye after-hours`,
  ],
  [
    'after hours an appointment waits for the morning',
    { intent: 'appointment', at: onTuesday('20:00') },
    `after hours: ${onCallRings} > bye after-hours`,
  ],
  [
    'Christmas Eve is open in the morning',
    { ...unknown, at: new Date('2026-12-24T11:59:00-05:00') },
    `everybody else: 401+402 > ${after}`,
  ],
  [
    'Christmas Eve is closed at 18:05',
    { ...unknown, at: new Date('2026-12-24T18:05:00-05:00') },
    `after hours: ${onCallRings} > bye after-hours`,
  ],
  [
    'Christmas is closed all day though it is a Friday',
    { ...unknown, at: new Date('2026-12-25T10:00:00-05:00') },
    `after hours: ${onCallRings} > bye after-hours`,
  ],
  [
    'on the Monday after the clocks went forward 08:30 local is open',
    { ...unknown, at: new Date('2026-03-09T12:30:00Z') },
    `everybody else: 401+402 > ${after}`,
  ],
  [
    'on the Friday before, the same UTC time was 07:30 and closed',
    { ...unknown, at: new Date('2026-03-06T12:30:00Z') },
    `after hours: ${onCallRings} > bye after-hours`,
  ],
];

function run(facts: Partial<CallFacts>, rules: CompiledRules = clinicRules): string {
  const decision = decide({ ...call, ...facts }, rules);
  return `${decision.rule?.name ?? 'last resort'}: ${inShort(decision)}`;
}

describe.each([
  ['who calls', byDefault],
  ['what they press', byKey],
  ['urgent', urgent],
  ['who is free', people],
  ['when', hours],
])('%s', (_, scenarios) => {
  test.each(scenarios)('%s', (_text, facts, expected) => expect(run(facts)).toBe(expected));
});

/* One more rule before the clinic's own, to extension 599, a phone of nobody in particular. */
type RuleScenario = [text: string, rule: Partial<RouteRow>, call: Partial<CallFacts>, applies: boolean];
const conditions: RuleScenario[] = [
  ['a rule for one line takes calls to it', { line: ruizLine }, { line: ruizLine }, true],
  ['a rule for one line leaves other lines alone', { line: ruizLine }, {}, false],
  ['verified callers only: a verified one', { minAssurance: 3 }, { assurance: 3 }, true],
  ['verified callers only: a claimed one does not', { minAssurance: 3 }, { assurance: 1 }, false],
  ['patients without a PCP, when the chart is not known: no guess', { hasPcp: false }, { chart: null }, false],
  ['patients without a PCP', { hasPcp: false }, withChart({ pcp: null }), true],
  [
    'seen by Dr Chen within 30 days',
    { seenWithinDays: 30, seenBy: 'prac-chen' },
    withChart({ lastSeen: { practitioner: 'prac-chen', at: days(-29) } }),
    true,
  ],
  [
    'seen by Dr Chen within 30 days: it was Dr Ruiz',
    { seenWithinDays: 30, seenBy: 'prac-chen' },
    withChart({ lastSeen: { practitioner: 'prac-ruiz', at: days(-2) } }),
    false,
  ],
  [
    'an appointment within 2 days: tomorrow',
    { appointmentWithinDays: 2 },
    withChart({ nextAppointment: { practitioner: null, at: days(1) } }),
    true,
  ],
  [
    'an appointment within 2 days: next week',
    { appointmentWithinDays: 2 },
    withChart({ nextAppointment: { practitioner: null, at: days(7) } }),
    false,
  ],
  ['an open order', { openOrder: true }, withChart({ openOrder: true }), true],
  ['an open order, when the EHR does not say', { openOrder: true }, {}, false],
  ['an open task', { openTask: true }, withChart({ openTask: true }), true],
  ['on the care team of Dr Adams', { careTeamMember: 'prac-adams' }, withChart({ careTeam: ['prac-adams'] }), true],
  ['a flag, whatever its capitals', { flag: 'recent discharge' }, withChart({ flags: ['Recent Discharge'] }), true],
  ['a flag that the chart does not carry', { flag: 'recent discharge' }, {}, false],
  ['Spanish by the chart', { language: 'es' }, withChart({ language: 'es-PR' }), true],
  ['children under 18: a patient of 45', { maxAge: 17 }, {}, false],
  ['children under 18: the day before the 18th birthday', { maxAge: 17 }, withChart({ birthDate: '2008-03-04' }), true],
  ['children under 18: on the 18th birthday', { maxAge: 17 }, withChart({ birthDate: '2008-03-03' }), false],
  ['an age band with an unknown birth date', { minAge: 0, maxAge: 120 }, withChart({ birthDate: null }), false],
  ['patients of one site', { location: 'loc-north' }, withChart({ location: 'loc-north' }), true],
  ['patients of one site, when the EHR does not say', { location: 'loc-north' }, {}, false],
  ['the PCP is out', { staff: 'pcp', staffState: 'out' }, { staff: staffWith({ ...ruiz, state: 'out' }) }, true],
  ['the PCP is out: they are not', { staff: 'pcp', staffState: 'out' }, {}, false],
  [
    'extension 501 is away',
    { staff: '501', staffState: 'away' },
    { staff: staffWith({ ...sam, state: 'away' }) },
    true,
  ],
  [
    'scheduling has a wait over two minutes',
    { queueTeam: 'scheduling', queueWaitOverSeconds: 120 },
    { queues: [{ team: 'scheduling', waiting: 3, longestWaitSeconds: 121 }] },
    true,
  ],
  [
    'scheduling has a wait of exactly two minutes',
    { queueTeam: 'scheduling', queueWaitOverSeconds: 120 },
    { queues: [{ team: 'scheduling', waiting: 3, longestWaitSeconds: 120 }] },
    false,
  ],
  ['a share of callers: a withheld number is never in', { percentage: 99 }, { callerNumber: null }, false],
  ['a rule that is switched off', { enabled: false }, {}, false],
  [
    'a rule for the intent urgent takes urgent calls, whatever key said so',
    { intent: 'urgent' },
    { urgent: true },
    true,
  ],
  [
    'seen within 30 days: a visit that the chart dates tomorrow has not been',
    { seenWithinDays: 30 },
    withChart({ lastSeen: { practitioner: 'prac-chen', at: days(1) } }),
    false,
  ],
  ['a rule for urgent calls does not take others', { urgent: true }, {}, false],
  ['an ordinary rule does not take urgent calls', {}, { urgent: true }, false],
];
test.each(conditions)('%s', (_text, rule, facts, applies) => {
  const rules = rulesWith({ ...rule, targets: [target('extension', '599')] });
  expect(/^extra: 599 > /.test(run(facts, rules))).toBe(applies);
});

type TargetScenario = [
  text: string,
  targets: RouteRow['targets'],
  call: Partial<CallFacts>,
  expected: string,
  rows?: Partial<RoutingRows>,
];
const teamsWith = (strategy: RoutingRows['teams'][number]['strategy']) => ({
  teams: clinicRows.teams.map((team) => ({ ...team, strategy })),
});
const idle = (minutes: number) => ({ lastCallEndedAt: new Date(call.at.getTime() - minutes * 60_000) });
const targets: TargetScenario[] = [
  [
    'the care team rings at once',
    [target('care-team')],
    withChart({ careTeam: ['prac-adams', 'prac-chen'] }),
    `202+203 > ${after}`,
  ],
  ['a queue, urgent or not by the call', [target('queue', 'scheduling')], {}, `queue scheduling normal > ${after}`],
  ['a menu, then the last resort', [target('menu', 'main')], {}, `menu main > ${after}`],
  ['a callback offer', [target('callback', 'scheduling')], {}, `callback scheduling > ${after}`],
  ['voicemail', [target('voicemail', '201')], {}, `voicemail 201 > ${after}`],
  ['an outside number', [target('outside', '+12025550188')], {}, `outside +12025550188 > ${after}`],
  ['goodbye ends it, nothing rings after', [target('goodbye', 'holiday')], {}, 'bye holiday'],
  [
    'a phone that is also in the last resort rings once',
    [target('extension', '501')],
    {},
    '501 > bye nobody-available',
  ],
  [
    'longest idle: who has rested most rings first',
    [target('team', 'nurse-triage')],
    { staff: staffWith({ ...okafor, ...idle(5) }, { ...silva, ...idle(50) }) },
    `302 > 301 > ${after}`,
    teamsWith('longest-idle'),
  ],
  [
    'longest idle: who had no call yet comes first',
    [target('team', 'nurse-triage')],
    { staff: staffWith({ ...okafor, ...idle(500) }) },
    `302 > 301 > ${after}`,
    teamsWith('longest-idle'),
  ],
  [
    'round robin: the turn goes to whoever follows the last one',
    [target('team', 'nurse-triage')],
    { staff: staffWith({ ...okafor, ...idle(5) }, { ...silva, ...idle(50) }) },
    `302 > 301 > ${after}`,
    teamsWith('round-robin'),
  ],
  [
    'round robin: and back to the first',
    [target('team', 'nurse-triage')],
    { staff: staffWith({ ...okafor, ...idle(50) }, { ...silva, ...idle(5) }) },
    `301 > 302 > ${after}`,
    teamsWith('round-robin'),
  ],
  [
    'on call: the phone rings although the console says out',
    [target('on-call', 'clinic')],
    { staff: staffWith({ ...chen, state: 'out' }) },
    `202 > outside +12025550172 > ${after}`,
  ],
  [
    'on call with neither phone nor outside number: the next target',
    [target('on-call', 'clinic'), target('extension', '201')],
    { at: new Date('2026-03-10T10:00:00-04:00'), staff: staffWith({ ...adams, registered: false }) },
    `201 > ${after}`,
  ],
];
// An object a row: jest would take the absent last cell for its `done`.
const targetScenarios = targets.map(([text, row, facts, expected, rows]) => ({ text, row, facts, expected, rows }));
test.each(targetScenarios)('$text', ({ row, facts, expected, rows }) => {
  expect(run(facts, rulesWith({ targets: row }, rows))).toBe(`extra: ${expected}`);
});

test('every trial says why, and targets too', () => {
  const decision = decide({ ...call, staff: staffWith({ ...ruiz, state: 'out', coveredBy: 2 }) }, clinicRules);
  expect(decision.reasons).toContainEqual({
    ruleId: 3,
    name: 'after hours',
    applied: false,
    because: 'needs clinic closed: clinic is open on Tuesday 2026-03-03 10:00',
  });
  expect(decision.reasons.at(-1)).toMatchObject({ applied: true, because: 'a patient with a PCP' });
  expect(decision.targets[0]).toEqual({
    target: 'pcp',
    used: true,
    because: 'Dr Ruiz is out, covered by Dr Chen (ext 202)',
  });
});

test('with no rules at all the front desk rings, and urgent calls go to the nurses first', () => {
  const empty: CompiledRules = {
    ...clinicRules,
    ordinary: { anyLine: [], byLine: new Map() },
    urgent: { anyLine: [], byLine: new Map() },
  };
  expect(run({}, empty)).toBe(`last resort: ${after}`);
  expect(run({ urgent: true }, empty)).toBe(`last resort: 301+302 > ${lastUrgent}`);
});

test('the facts of one caller never show in a reason: no number', () => {
  expect(JSON.stringify(decide(call, clinicRules))).not.toContain(callerNumber);
});
