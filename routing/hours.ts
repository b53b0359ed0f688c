import { DateTime } from 'luxon';
import type { Minutes, Rotation, Schedule } from './rows.ts';

export type LocalTime = {
  /** ISO date. */
  readonly day: string;
  /** 1 Monday to 7 Sunday. */
  readonly weekday: number;
  readonly minute: Minutes;
};
export type Hours = { readonly open: boolean; readonly because: string };

const quarterMs = 15 * 60_000;
/** The last quarter of an hour asked for in each zone: clocks change at the full quarter, so calls share one answer. */
const offsets = new Map<string, { readonly quarter: number; readonly minutes: number }>();

/** Wall-clock time in `timeZone`, or null when the zone is unknown. Daylight saving follows from the zone. */
export function localTime(at: Date, timeZone: string): LocalTime | null {
  const quarter = Math.floor(at.getTime() / quarterMs);
  let offset = offsets.get(timeZone);
  if (offset?.quarter !== quarter) {
    const zoned = DateTime.fromMillis(quarter * quarterMs, { zone: timeZone });
    if (!zoned.isValid) return null;
    offset = { quarter, minutes: zoned.offset };
    offsets.set(timeZone, offset);
  }
  const wall = new Date(at.getTime() + offset.minutes * 60_000);
  return {
    day: wall.toISOString().slice(0, 10),
    weekday: wall.getUTCDay() || 7,
    minute: wall.getUTCHours() * 60 + wall.getUTCMinutes(),
  };
}

/** Whether `schedule` is open at that local time, and why in words. An exception replaces its whole day. */
export function hoursAt(schedule: Schedule, local: LocalTime | null): Hours {
  if (local === null) return { open: false, because: `${schedule.name} has an unknown time zone ${schedule.timeZone}` };
  const clock = `${weekdayNames[local.weekday]} ${local.day} ${clockText(local.minute)}`;
  const exception = schedule.exceptions.find((candidate) => candidate.day === local.day);
  if (exception) {
    const { opens, closes, reason } = exception;
    if (opens === null || closes === null) {
      return { open: false, because: `${schedule.name} is closed all day on ${local.day}: ${reason}` };
    }
    const open = opens <= local.minute && local.minute < closes;
    const hours = `${clockText(opens)} to ${clockText(closes)} on ${local.day} (${reason})`;
    return { open, because: `${schedule.name} is ${open ? 'open' : 'closed'} on ${clock}: ${hours}` };
  }
  const open = schedule.periods.some(
    (period) => period.weekday === local.weekday && period.opens <= local.minute && local.minute < period.closes,
  );
  return { open, because: `${schedule.name} is ${open ? 'open' : 'closed'} on ${clock}` };
}

/** Next instant, within 30 days, at which `schedule` opens or closes; null: it stays as it is. */
export function nextChange(schedule: Schedule, at: Date): Date | null {
  const start = DateTime.fromJSDate(at, { zone: schedule.timeZone });
  if (!start.isValid) return null;
  const open = hoursAt(schedule, localTime(at, schedule.timeZone)).open;
  for (let day = 0; day <= 30; day += 1) {
    const midnight = start.startOf('day').plus({ days: day });
    // A wall time that the spring change skips moves forward, as the clock itself does.
    for (const minute of edgesOf(schedule, midnight.toISODate(), midnight.weekday)) {
      const edge = midnight.set({ hour: Math.floor(minute / 60), minute: minute % 60 });
      if (edge <= start) continue;
      if (hoursAt(schedule, localTime(edge.toJSDate(), schedule.timeZone)).open !== open) return edge.toJSDate();
    }
  }
  return null;
}

/** Staff id on call at `at`, and why; null when the rotation is empty or has not begun. A swap comes before the turn. */
export function onCallAt(rotation: Rotation, at: Date): { staffId: number; because: string } | null {
  const swap = rotation.swaps.find((candidate) => candidate.from <= at && at < candidate.until);
  if (swap) return { staffId: swap.staffId, because: `swapped into the ${rotation.name} rotation` };
  const local = localTime(at, rotation.timeZone);
  if (local === null || rotation.members.length === 0) return null;
  // By calendar days, not hours: a day of 23 or 25 hours is one day.
  const calendarDays = DateTime.fromISO(local.day, { zone: 'utc' }).diff(
    DateTime.fromISO(rotation.startsOn, { zone: 'utc' }),
    'days',
  ).days;
  const days = local.minute < rotation.handover ? calendarDays - 1 : calendarDays;
  if (!(days >= 0)) return null;
  const member = rotation.members[Math.floor(days / rotation.shiftDays) % rotation.members.length];
  return member ? { staffId: member.staffId, because: `on call in the ${rotation.name} rotation` } : null;
}

export const weekdayNames = ['', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday', 'Sunday'] as const;

/** 485 → '08:05'. */
export function clockText(minute: Minutes): string {
  return `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;
}

function edgesOf(schedule: Schedule, day: string | null, weekday: number): Minutes[] {
  const exception = schedule.exceptions.find((candidate) => candidate.day === day);
  const hours = exception ? [exception] : schedule.periods.filter((period) => period.weekday === weekday);
  const edges = hours.flatMap((span) => [span.opens ?? 0, span.closes ?? 0]);
  // Whole hours too: a clock change may open or close in the middle of a period.
  const hourly = Array.from({ length: 24 }, (_, hour) => hour * 60);
  return [...new Set([...hourly, ...edges])].filter((minute) => minute < 1440).sort((a, b) => a - b);
}
