import { parsePhoneNumberFromString } from 'libphonenumber-js/min';

/** '1:05', '12:00', '1:02:03'. */
export function formatSeconds(total: number): string {
  const seconds = Math.max(0, Math.floor(total));
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const tail = `${String(s).padStart(2, '0')}`;
  return h > 0 ? `${h}:${String(m).padStart(2, '0')}:${tail}` : `${m}:${tail}`;
}

/** '+1 202 555 0143'; a masked or odd number as it is. */
export function formatPhone(number: string): string {
  return parsePhoneNumberFromString(number)?.formatInternational() ?? number;
}

/** 'Mar 14, 1959' of an ISO date, which has no time zone; a year or month alone stays as it is. */
export function formatDate(date: string, language: string): string {
  if (!/^\d{4}-\d{2}-\d{2}/.test(date)) return date;
  const [year, month, day] = date.slice(0, 10).split('-').map(Number) as [number, number, number];
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium', timeZone: 'UTC' }).format(
    new Date(Date.UTC(year, month - 1, day)),
  );
}

/** 'Nov 10, 2026, 2:00 PM' in `timeZone` (IANA), or this screen's. */
export function formatInstant(instant: string, language: string, timeZone?: string): string {
  return new Intl.DateTimeFormat(language, {
    dateStyle: 'medium',
    timeStyle: 'short',
    ...(timeZone ? { timeZone } : {}),
  }).format(new Date(instant));
}

/** 'Nov 10, 2026' in this screen's zone. */
export function formatDay(instant: string, language: string): string {
  if (!instant.includes('T')) return formatDate(instant, language);
  return new Intl.DateTimeFormat(language, { dateStyle: 'medium' }).format(new Date(instant));
}

/** 'Tue, Nov 24, 3:30 PM'. */
export function formatAppointment(instant: string, language: string): string {
  if (!instant.includes('T')) return formatDate(instant, language);
  return new Intl.DateTimeFormat(language, {
    weekday: 'short',
    month: 'short',
    day: 'numeric',
    hour: 'numeric',
    minute: '2-digit',
  }).format(new Date(instant));
}

/** '2:00 PM'. */
export function formatClock(instant: string, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'short' }).format(new Date(instant));
}

/** '2:00:07 PM'. */
export function formatTime(instant: string, language: string): string {
  return new Intl.DateTimeFormat(language, { timeStyle: 'medium' }).format(new Date(instant));
}

const units = [
  ['year', 365 * 86_400],
  ['month', 30 * 86_400],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** '12 days ago', 'in 2 days', 'now'. */
export function formatAgo(instant: string, now: number, language: string): string {
  const seconds = Math.round((Date.parse(instant) - now) / 1_000);
  const unit = units.find(([, size]) => Math.abs(seconds) >= size);
  const format = new Intl.RelativeTimeFormat(language, { numeric: 'auto' });
  return unit ? format.format(Math.round(seconds / unit[1]), unit[0]) : format.format(0, 'second');
}

/** The language's own name in the reader's language: 'Spanish' for 'es'. */
export function formatLanguage(code: string, language: string): string {
  try {
    return new Intl.DisplayNames(language, { type: 'language' }).of(code) ?? code;
  } catch {
    return code;
  }
}

/** 'M. A.': whose name it is for those who know it, for a screen that everybody sees. */
export function formatInitials(name: string): string {
  const [first = '', last = ''] = [name.trim().split(/\s+/)[0], name.trim().split(/\s+/).slice(1).at(-1)];
  return [first, last]
    .filter(Boolean)
    .map((word) => `${[...word][0]?.toLocaleUpperCase()}.`)
    .join(' ');
}
