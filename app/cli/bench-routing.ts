import { cpus } from 'node:os';
import { compileRules } from '../../routing/compile.ts';
import { decide } from '../../routing/decide.ts';
import { blankRoute, defaultRoutes, defaultTeams, target } from '../../routing/defaults.ts';
import type { RouteRow, RoutingRows } from '../../routing/rows.ts';
import type { CallFacts, Intent, StaffFacts } from '../../routing/types.ts';
import type { E164 } from '../../sip/address.ts';

const rounds = 20_000;
const intents: readonly (Intent | null)[] = [null, 'appointment', 'refill', 'clinical', 'results', 'billing', 'urgent'];
const zones = ['America/New_York', 'America/Chicago', 'America/Denver', 'America/Los_Angeles'];

/** `npm run bench:routing`: how long one decision takes, reasons included, by the number of rules. */
export async function run(): Promise<number> {
  console.log(
    `${rounds} decisions each, reasons included; Node ${process.version}, ${cpus().length} × ${cpus()[0]?.model}`,
  );
  console.log('rules                       tried  compile ms  p50 µs     p95     p99   worst  preempted');
  for (const count of [18, 100, 1_000, 10_000]) {
    console.log(rowOf(measure('mixed', count)));
    if (count >= 1_000) console.log(rowOf(measure('none of them holds', count)));
  }
  return 0;
}

type Measured = {
  readonly label: string;
  readonly compileMs: number;
  readonly tried: number;
  readonly micros: readonly number[];
};

function measure(kind: 'mixed' | 'none of them holds', count: number): Measured {
  const rows = rowsOf(kind, count);
  const started = performance.now();
  const rules = compileRules(rows);
  const compileMs = performance.now() - started;
  const calls = Array.from({ length: 500 }, (_, i) => callOf(i, rows));
  let tried = 0;
  const micros: number[] = [];
  for (let i = -2_000; i < rounds; i += 1) {
    const call = calls[Math.abs(i) % calls.length];
    if (!call) continue;
    const switches = process.resourceUsage().involuntaryContextSwitches;
    const from = process.hrtime.bigint();
    const decision = decide(call, rules);
    const took = Number(process.hrtime.bigint() - from) / 1_000;
    if (i < 0) continue;
    // Another program had the core meanwhile: that time is not ours.
    if (process.resourceUsage().involuntaryContextSwitches > switches) continue;
    micros.push(took);
    tried += decision.reasons.length;
  }
  return {
    label: `${count} ${kind}`,
    compileMs,
    tried: tried / micros.length,
    micros: micros.sort((a, b) => a - b),
  };
}

function rowOf({ label, compileMs, tried, micros }: Measured): string {
  const at = (share: number) => micros[Math.min(micros.length - 1, Math.floor(micros.length * share))] ?? 0;
  const wall = [0.5, 0.95, 0.99, 1].map((share) => at(share).toFixed(0).padStart(8)).join('');
  return `${label.padEnd(26)}${tried.toFixed(0).padStart(7)}${compileMs.toFixed(1).padStart(12)}${wall}${String(rounds - micros.length).padStart(11)}`;
}

/** Mixed: rules of 50 lines and of all, by intent, hours, flag, age. Or rules of all lines that are all tried in vain. */
function rowsOf(kind: 'mixed' | 'none of them holds', count: number): RoutingRows {
  const lines = Array.from({ length: 50 }, (_, i) => `+1202555${String(1000 + i)}` as E164);
  const extra = Array.from({ length: Math.max(0, count - defaultRoutes.length) }, (_, i): RouteRow => {
    const route = {
      ...blankRoute,
      id: 100 + i,
      priority: 35,
      name: `rule ${i}`,
      targets: [target('team', 'front-desk')],
    };
    if (kind === 'none of them holds')
      return { ...route, flag: `flag ${i}`, minAge: 20, schedule: `hours-${i % 20}`, whileOpen: true };
    const mixed: Partial<RouteRow>[] = [
      { line: lines[i % 50] ?? null, intent: 'refill', flag: `flag ${i % 40}` },
      { line: lines[i % 50] ?? null, schedule: `hours-${i % 20}`, whileOpen: false, minAge: i % 90 },
      { intent: 'clinical', seenWithinDays: 1 + (i % 30), seenBy: `prac-${i % 60}` },
      { language: 'es', location: `site-${i % 12}`, percentage: 5 },
    ];
    return { ...route, ...mixed[i % 4] };
  });
  return {
    version: 1,
    routes: [...defaultRoutes, ...extra].slice(0, Math.max(count, defaultRoutes.length)),
    schedules: ['clinic', ...Array.from({ length: 20 }, (_, i) => `hours-${i}`)].map((name, i) => ({
      name,
      timeZone: zones[i % zones.length] ?? 'UTC',
      periods: [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, opens: 0, closes: 1440 })),
      exceptions: [],
    })),
    teams: defaultTeams.map((team, i) => ({
      ...team,
      strategy: 'longest-idle',
      members: Array.from({ length: 12 }, (_, k) => i * 12 + k),
    })),
    lines: lines.map((number, i) => ({
      number,
      name: `Line ${i}`,
      language: 'en',
      timeZone: 'America/New_York',
      directPractitioner: i % 2 ? `prac-${i}` : null,
    })),
    rotations: [],
    staff: [],
  };
}

function callOf(i: number, rows: RoutingRows): CallFacts {
  const staff = Array.from(
    { length: 60 },
    (_, id): StaffFacts => ({
      staffId: id,
      extension: String(200 + id),
      practitioner: `prac-${id}`,
      teams: [defaultTeams[Math.floor(id / 12)]?.name ?? 'front-desk'],
      state: (id + i) % 3 ? 'available' : 'busy',
      registered: (id + i) % 7 !== 0,
      coveredBy: null,
      languages: ['en'],
      lastCallEndedAt: new Date(1_760_000_000_000 + id * 60_000),
    }),
  );
  return {
    line: rows.lines[i % 50]?.number ?? ('' as E164),
    callerNumber: `+1303555${String(i).padStart(4, '0')}` as E164,
    caller: i % 5 ? 'known' : 'unknown',
    assurance: 1,
    intent: intents[i % intents.length] ?? null,
    urgent: false,
    at: new Date(1_772_000_000_000 + i * 1_000),
    chart: i % 5 ? { ...chart, pcp: `prac-${i % 60}`, lastSeen: null } : null,
    staff,
    queues: [],
  };
}

const chart = {
  pcp: null,
  lastSeen: null,
  nextAppointment: null,
  openResult: null,
  openTask: false,
  careTeam: [],
  flags: ['Fall risk'],
  language: 'en',
  birthDate: '1970-01-01',
} as const;
