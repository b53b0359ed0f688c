import type { RouteRow, TargetRow } from './rows.ts';

/** A route without conditions and targets: it takes every call. */
export const blankRoute: RouteRow = {
  id: 0,
  priority: 1000,
  enabled: true,
  name: '',
  line: null,
  directLine: null,
  caller: null,
  minAssurance: null,
  intent: null,
  urgent: null,
  hasPcp: null,
  seenWithinDays: null,
  seenBy: null,
  appointmentWithinDays: null,
  openResult: null,
  openOrder: null,
  openTask: null,
  careTeamMember: null,
  flag: null,
  language: null,
  minAge: null,
  maxAge: null,
  location: null,
  schedule: null,
  whileOpen: null,
  staff: null,
  staffState: null,
  queueTeam: null,
  queueWaitOverSeconds: null,
  percentage: null,
  targets: [],
};

/** A target with the schema's own defaults. */
export function target(kind: TargetRow['kind'], value: string | null = null, ringSeconds = 20): TargetRow {
  return { kind, value, ringSeconds, maxWaitSeconds: 600 };
}

/** Names that the default routes use and the seed creates. */
export const defaultSchedule = 'clinic';
export const defaultRotation = 'clinic';
export const defaultTeams = [
  { name: 'front-desk', title: 'Front desk' },
  { name: 'scheduling', title: 'Scheduling' },
  { name: 'nurse-triage', title: 'Nurse triage' },
] as const;

const team = (name: (typeof defaultTeams)[number]['name'], ringSeconds?: number) => target('team', name, ringSeconds);

type DefaultRoute = Partial<RouteRow> & Pick<RouteRow, 'priority' | 'name' | 'targets'>;
const routes: readonly DefaultRoute[] = [
  {
    priority: 10,
    name: 'urgent',
    urgent: true,
    targets: [team('nurse-triage'), target('on-call', defaultRotation), team('front-desk')],
  },
  { priority: 20, name: 'blocked caller', caller: 'blocked', targets: [target('goodbye', 'goodbye')] },
  {
    priority: 30,
    name: 'after hours',
    schedule: defaultSchedule,
    whileOpen: false,
    targets: [target('on-call', defaultRotation), target('goodbye', 'after-hours')],
  },
  {
    priority: 40,
    name: 'direct line',
    directLine: true,
    targets: [target('line-owner'), team('nurse-triage'), team('front-desk')],
  },
  { priority: 50, name: 'operator', intent: 'operator', targets: [team('front-desk'), team('scheduling')] },
  { priority: 60, name: 'billing', intent: 'billing', targets: [team('front-desk')] },
  {
    priority: 70,
    name: 'appointment',
    intent: 'appointment',
    targets: [team('scheduling'), team('front-desk')],
  },
  { priority: 80, name: 'results', intent: 'results', targets: [team('nurse-triage'), target('result-owner')] },
  { priority: 90, name: 'refill', intent: 'refill', targets: [team('nurse-triage'), target('pcp')] },
  {
    priority: 100,
    name: 'clinical, has a PCP',
    intent: 'clinical',
    hasPcp: true,
    targets: [target('pcp'), team('nurse-triage')],
  },
  { priority: 110, name: 'clinical', intent: 'clinical', targets: [team('nurse-triage')] },
  { priority: 200, name: 'several patients', caller: 'ambiguous', targets: [team('front-desk'), team('scheduling')] },
  { priority: 210, name: 'colleague', caller: 'staff', targets: [team('front-desk')] },
  { priority: 220, name: 'other clinic', caller: 'other-clinic', targets: [team('nurse-triage'), team('front-desk')] },
  {
    priority: 300,
    name: 'open result',
    openResult: true,
    targets: [team('nurse-triage'), target('result-owner'), target('pcp')],
  },
  {
    priority: 310,
    name: 'seen lately',
    seenWithinDays: 14,
    targets: [target('last-seen'), target('pcp'), team('nurse-triage')],
  },
  { priority: 320, name: 'has a PCP', hasPcp: true, targets: [target('pcp'), team('nurse-triage')] },
  { priority: 900, name: 'everybody else', targets: [team('scheduling'), team('front-desk')] },
];

/** What a fresh database routes by (design.md §2, issue 6's defaults); ids are places in this list, from 1. */
export const defaultRoutes: readonly RouteRow[] = routes.map((route, index) => ({
  ...blankRoute,
  ...route,
  id: index + 1,
}));
