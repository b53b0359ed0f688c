import { compileRules } from '../../routing/compile.ts';
import { blankRoute, defaultRoutes } from '../../routing/defaults.ts';
import type { RouteRow, RoutingRows } from '../../routing/rows.ts';
import type { CallFacts, ChartFacts, Decision, StaffFacts } from '../../routing/types.ts';
import type { E164 } from '../../sip/address.ts';

/** The clinic that routing scenarios speak of: three physicians, two nurses, two schedulers, one front desk. */
export const generalLine = '+12025550100' as E164;
export const ruizLine = '+12025550101' as E164;
export const callerNumber = '+12025550143' as E164;

const person = (staffId: number, extension: string, more: Partial<StaffFacts> = {}): StaffFacts => ({
  staffId,
  extension,
  practitioner: null,
  teams: [],
  state: 'available',
  registered: true,
  coveredBy: null,
  languages: ['en'],
  lastCallEndedAt: null,
  ...more,
});

export const ruiz = person(1, '201', { practitioner: 'prac-ruiz' });
export const chen = person(2, '202', { practitioner: 'prac-chen' });
export const adams = person(3, '203', { practitioner: 'prac-adams' });
export const okafor = person(4, '301', { teams: ['nurse-triage'], practitioner: 'prac-okafor' });
export const silva = person(5, '302', { teams: ['nurse-triage'], languages: ['en', 'es'] });
export const pat = person(6, '401', { teams: ['scheduling'] });
export const lee = person(7, '402', { teams: ['scheduling'] });
export const sam = person(8, '501', { teams: ['front-desk'] });
export const everybody = [ruiz, chen, adams, okafor, silva, pat, lee, sam] as const;

const names = ['Dr Ruiz', 'Dr Chen', 'Dr Adams', 'Nurse Okafor', 'Nurse Silva', 'Pat', 'Lee', 'Sam'] as const;

/** Everybody, with some of them changed. */
export function staffWith(...changed: readonly StaffFacts[]): StaffFacts[] {
  return everybody.map((someone) => changed.find((other) => other.staffId === someone.staffId) ?? someone);
}

export const chart: ChartFacts = {
  pcp: 'prac-ruiz',
  lastSeen: null,
  nextAppointment: null,
  openResult: null,
  openTask: false,
  careTeam: [],
  flags: [],
  language: null,
  birthDate: '1980-05-17',
};

/** An established patient of Dr Ruiz who calls the general line on a Tuesday at 10:00 and has pressed nothing. */
export const call: CallFacts = {
  line: generalLine,
  callerNumber,
  caller: 'known',
  assurance: 1,
  intent: null,
  urgent: false,
  at: new Date('2026-03-03T10:00:00-05:00'),
  chart,
  staff: everybody,
  queues: [],
};

const weekdays = [1, 2, 3, 4, 5].map((weekday) => ({ weekday, opens: 8 * 60, closes: 17 * 60 }));
export const clinicRows: RoutingRows = {
  version: 1,
  routes: defaultRoutes,
  schedules: [
    {
      name: 'clinic',
      timeZone: 'America/New_York',
      periods: weekdays,
      exceptions: [
        { day: '2026-12-24', opens: 8 * 60, closes: 12 * 60, reason: 'Christmas Eve' },
        { day: '2026-12-25', opens: null, closes: null, reason: 'Christmas' },
      ],
    },
  ],
  teams: [
    { name: 'front-desk', title: 'Front desk', strategy: 'ring-all', members: [8] },
    { name: 'scheduling', title: 'Scheduling', strategy: 'ring-all', members: [6, 7] },
    { name: 'nurse-triage', title: 'Nurse triage', strategy: 'ring-all', members: [4, 5] },
  ],
  lines: [
    {
      number: generalLine,
      name: 'General',
      language: 'en',
      timeZone: 'America/New_York',
      directPractitioner: null,
    },
    {
      number: ruizLine,
      name: 'Dr Ruiz',
      language: 'en',
      timeZone: 'America/New_York',
      directPractitioner: 'prac-ruiz',
    },
  ],
  rotations: [
    {
      name: 'clinic',
      timeZone: 'America/New_York',
      startsOn: '2026-01-05',
      handover: 8 * 60,
      shiftDays: 7,
      members: [
        { staffId: 2, outside: '+12025550172' as E164 },
        { staffId: 3, outside: null },
      ],
      swaps: [],
    },
  ],
  staff: everybody.map(({ staffId, extension, practitioner, coveredBy }, index) => ({
    id: staffId,
    name: names[index] ?? '',
    extension,
    practitioner,
    coveredBy,
  })),
};
export const clinicRules = compileRules(clinicRows);

/** The clinic's rules with one more, tried before the others unless it says otherwise. */
export function rulesWith(route: Partial<RouteRow>, rows: Partial<RoutingRows> = {}) {
  const extra = { ...blankRoute, id: 100, priority: 1, name: 'extra', ...route };
  return compileRules({ ...clinicRows, ...rows, routes: [...defaultRoutes, extra] });
}

/** '201 > 301+302 > bye nobody-available' */
export function inShort(decision: Decision): string {
  return decision.steps
    .map((step) => {
      switch (step.kind) {
        case 'ring':
          return step.extensions.join('+');
        case 'goodbye':
          return `bye ${step.prompt}`;
        case 'queue':
          return `queue ${step.team} ${step.priority}`;
        case 'outside':
          return `outside ${step.number}`;
        case 'menu':
          return `menu ${step.menu}`;
        case 'callback':
          return `callback ${step.team}`;
        case 'voicemail':
          return `voicemail ${step.mailbox}`;
      }
      return step;
    })
    .join(' > ');
}
