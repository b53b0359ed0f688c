import { describe, expect, test } from '@jest/globals';
import { hoursAt, localTime, nextChange, onCallAt } from './hours.ts';
import type { Rotation, Schedule } from './rows.ts';

const zone = 'America/New_York';
/** Every day from 01:30 to 03:30, the hours in which New York's clocks change. */
const nights: Schedule = {
  name: 'nights',
  timeZone: zone,
  periods: [1, 2, 3, 4, 5, 6, 7].map((weekday) => ({ weekday, opens: 90, closes: 210 })),
  exceptions: [],
};
const openAt = (schedule: Schedule, instant: string) =>
  hoursAt(schedule, localTime(new Date(instant), schedule.timeZone)).open;
/** Minutes of that UTC span in which the schedule is open. */
const openMinutes = (schedule: Schedule, from: string, hours: number) => {
  const start = Date.parse(from);
  return Array.from({ length: hours * 60 }, (_, minute) => new Date(start + minute * 60_000).toISOString()).filter(
    (instant) => openAt(schedule, instant),
  ).length;
};

describe('the nights on which the clocks change', () => {
  // 2026-03-08 02:00 EST becomes 03:00 EDT; 2026-11-01 02:00 EDT becomes 01:00 EST.
  test('an ordinary night is open for two hours', () => {
    expect(openMinutes(nights, '2026-03-07T05:00:00Z', 12)).toBe(120);
  });
  test('in spring the skipped hour is not there: one hour', () => {
    expect(openMinutes(nights, '2026-03-08T05:00:00Z', 12)).toBe(60);
    expect(openAt(nights, '2026-03-08T06:59:00Z')).toBe(true);
    expect(openAt(nights, '2026-03-08T07:00:00Z')).toBe(true);
    expect(openAt(nights, '2026-03-08T07:30:00Z')).toBe(false);
  });
  test('in autumn the repeated hour is open both times: two and a half hours by the clock on the wall', () => {
    expect(openMinutes(nights, '2026-11-01T04:00:00Z', 12)).toBe(150);
    expect(openAt(nights, '2026-11-01T05:29:00Z')).toBe(false);
    expect(openAt(nights, '2026-11-01T05:30:00Z')).toBe(true);
    expect(openAt(nights, '2026-11-01T06:00:00Z')).toBe(false);
    expect(openAt(nights, '2026-11-01T06:30:00Z')).toBe(true);
  });
  test('opening hours stay at the same wall time the morning after', () => {
    const day: Schedule = { ...nights, periods: [{ weekday: 7, opens: 480, closes: 1020 }] };
    expect(openAt(day, '2026-03-08T11:59:00Z')).toBe(false);
    expect(openAt(day, '2026-03-08T12:00:00Z')).toBe(true);
    expect(openAt(day, '2026-11-01T12:59:00Z')).toBe(false);
    expect(openAt(day, '2026-11-01T13:00:00Z')).toBe(true);
  });
  test('a zone whose midnight does not exist (Beirut, 2026-03-29): the day still begins', () => {
    const beirut: Schedule = { ...nights, timeZone: 'Asia/Beirut', periods: [{ weekday: 7, opens: 0, closes: 120 }] };
    expect(openMinutes(beirut, '2026-03-28T20:00:00Z', 8)).toBe(60);
  });
});

test('open until 24:00 includes the last minute of the day, and only that day', () => {
  const monday: Schedule = { ...nights, periods: [{ weekday: 1, opens: 0, closes: 1440 }] };
  expect(openMinutes(monday, '2026-03-02T00:00:00Z', 48)).toBe(24 * 60);
});

test('an exception replaces its day: other hours, or none', () => {
  const exceptions = [
    { day: '2026-03-07', opens: 600, closes: 660, reason: 'training' },
    { day: '2026-03-06', opens: null, closes: null, reason: 'storm' },
  ];
  const special = { ...nights, exceptions };
  expect(openMinutes(special, '2026-03-07T05:00:00Z', 24)).toBe(60);
  expect(openMinutes(special, '2026-03-06T05:00:00Z', 24)).toBe(0);
  expect(hoursAt(special, localTime(new Date('2026-03-06T12:00:00Z'), zone)).because).toBe(
    'nights is closed all day on 2026-03-06: storm',
  );
});

test('a zone that nobody knows counts as closed and says so', () => {
  const lost = { ...nights, timeZone: 'Mars/Base' };
  expect(hoursAt(lost, localTime(new Date(), 'Mars/Base'))).toEqual({
    open: false,
    because: 'nights has an unknown time zone Mars/Base',
  });
  expect(nextChange(lost, new Date())).toBeNull();
});

test('the next change: opening, closing, over a holiday, in the skipped hour', () => {
  const next = (schedule: Schedule, at: string) => nextChange(schedule, new Date(at))?.toISOString() ?? null;
  expect(next(nights, '2026-03-02T12:00:00Z')).toBe('2026-03-03T06:30:00.000Z');
  expect(next(nights, '2026-03-03T07:00:00Z')).toBe('2026-03-03T08:30:00.000Z');
  const holiday = { ...nights, exceptions: [{ day: '2026-03-03', opens: null, closes: null, reason: 'holiday' }] };
  expect(next(holiday, '2026-03-02T12:00:00Z')).toBe('2026-03-04T06:30:00.000Z');
  const skipped = { ...nights, periods: [{ weekday: 7, opens: 150, closes: 300 }] };
  expect(next(skipped, '2026-03-08T05:00:00Z')).toBe('2026-03-08T07:00:00.000Z');
  const always = { ...nights, periods: nights.periods.map((period) => ({ ...period, opens: 0, closes: 1440 })) };
  expect(next(always, '2026-03-02T12:00:00Z')).toBeNull();
});

describe('on call', () => {
  const rotation: Rotation = {
    name: 'week',
    timeZone: zone,
    startsOn: '2026-03-02',
    handover: 480,
    shiftDays: 7,
    members: [
      { staffId: 1, outside: null },
      { staffId: 2, outside: null },
      { staffId: 3, outside: null },
    ],
    swaps: [{ from: new Date('2026-03-12T00:00:00Z'), until: new Date('2026-03-13T00:00:00Z'), staffId: 9 }],
  };
  const who = (at: string) => onCallAt(rotation, new Date(at))?.staffId ?? null;
  test('takes turns at the handover, by local days across the clock change', () => {
    expect(who('2026-03-02T12:59:00Z')).toBeNull();
    expect(who('2026-03-02T13:00:00Z')).toBe(1);
    // The clocks went forward on the 8th: 08:00 is now 12:00 UTC.
    expect(who('2026-03-09T11:59:00Z')).toBe(1);
    expect(who('2026-03-09T12:00:00Z')).toBe(2);
    expect(who('2026-03-16T12:00:00Z')).toBe(3);
    expect(who('2026-03-23T12:00:00Z')).toBe(1);
  });
  test('a swap comes before the turn', () => {
    expect(who('2026-03-11T23:59:00Z')).toBe(2);
    expect(who('2026-03-12T00:00:00Z')).toBe(9);
    expect(who('2026-03-13T00:00:00Z')).toBe(2);
  });
  test('nobody, when there is nobody', () => {
    expect(onCallAt({ ...rotation, members: [] }, new Date('2026-03-02T13:00:00Z'))).toBeNull();
  });
});
