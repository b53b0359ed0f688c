import { clockText, localTime, weekdayNames } from './hours.ts';
import type { Period, RoutingRows, Schedule } from './rows.ts';

/** Something that is probably not what the admin meant. */
export type Finding = {
  /** 'never': a rule that no call can reach; 'nobody': a place where no phone rings; 'check': worth a look. */
  readonly kind: 'never' | 'nobody' | 'check';
  /** Route, team, schedule, rotation or person that it is about. */
  readonly about: string;
  readonly text: string;
};

/** What is odd about hours and people, whatever the rules are. */
export function lintClinic(rows: RoutingRows): Finding[] {
  return [
    ...rows.schedules.flatMap(hoursFindings),
    ...[...rows.schedules, ...rows.rotations]
      .filter(({ timeZone }) => localTime(new Date(0), timeZone) === null)
      .map(({ name, timeZone }) => check(name, `its time zone ${timeZone} is not known here: it counts as closed`)),
    ...coverCircles(rows),
  ];
}

export function neverOpen(schedule: Schedule): boolean {
  return schedule.periods.length === 0 && schedule.exceptions.every((exception) => exception.opens === null);
}

export function neverClosed(schedule: Schedule): boolean {
  if (schedule.exceptions.some(({ opens, closes }) => opens !== 0 || closes !== 1440)) return false;
  return [1, 2, 3, 4, 5, 6, 7].every((weekday) => {
    const day = periodsOf(schedule, weekday);
    return (
      day.length > 0 &&
      gapsOf([{ weekday, opens: 0, closes: 0 }, ...day, { weekday, opens: 1440, closes: 1440 }]).length === 0
    );
  });
}

function hoursFindings(schedule: Schedule): Finding[] {
  if (neverOpen(schedule)) return [check(schedule.name, 'has no hours: it is always closed')];
  return [1, 2, 3, 4, 5, 6, 7].flatMap((weekday) => {
    const periods = periodsOf(schedule, weekday);
    const day = weekdayNames[weekday];
    return [
      ...gapsOf(periods).map(([from, until]) =>
        check(schedule.name, `is closed on ${day} from ${clockText(from)} to ${clockText(until)}, between two periods`),
      ),
      ...periods
        .filter((period, index) => period.opens < (periods[index - 1]?.closes ?? 0))
        .map((period) => check(schedule.name, `has periods that overlap on ${day} at ${clockText(period.opens)}`)),
    ];
  });
}

function periodsOf(schedule: Schedule, weekday: number): Period[] {
  return schedule.periods.filter((period) => period.weekday === weekday).sort((a, b) => a.opens - b.opens);
}

function gapsOf(periods: readonly Period[]): (readonly [number, number])[] {
  return periods.flatMap((period, index) => {
    const next = periods[index + 1];
    return next && next.opens > period.closes ? [[period.closes, next.opens] as const] : [];
  });
}

function coverCircles({ staff }: RoutingRows): Finding[] {
  const byId = new Map(staff.map((person) => [person.id, person]));
  return staff.flatMap((person) => {
    const seen = new Set<number>();
    let current: typeof person | undefined = person;
    while (current && !seen.has(current.id)) {
      seen.add(current.id);
      current = current.coveredBy === null ? undefined : byId.get(current.coveredBy);
    }
    // Told once a circle, by its first member.
    if (current !== person || Math.min(...seen) !== person.id) return [];
    const names = [...seen].map((id) => byId.get(id)?.name ?? id).join(', ');
    return [check(person.name, `is covered in a circle (${names}): while all are out nobody takes their calls`)];
  });
}

export function check(about: string, text: string): Finding {
  return { kind: 'check', about, text };
}
