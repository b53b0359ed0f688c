/**
 * A birth date as keyed: eight digits, month first as US callers write it (MMDDYYYY). Returns the ISO date, or null
 * when it is none. Callers who key the year or the day first are understood where only one reading is a date.
 */
export function readBirthDate(digits: string, today: Date): string | null {
  if (!/^\d{8}$/.test(digits)) return null;
  const n = (from: number, to: number) => Number(digits.slice(from, to));
  const readings = [
    { year: n(4, 8), month: n(0, 2), day: n(2, 4) },
    { year: n(4, 8), month: n(2, 4), day: n(0, 2) },
    { year: n(0, 4), month: n(4, 6), day: n(6, 8) },
  ];
  const found = readings.find((reading) => isBirthDate(reading, today));
  if (!found) return null;
  return [String(found.year), String(found.month).padStart(2, '0'), String(found.day).padStart(2, '0')].join('-');
}

function isBirthDate({ year, month, day }: { year: number; month: number; day: number }, today: Date): boolean {
  const date = new Date(Date.UTC(year, month - 1, day));
  const exists = date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
  return exists && date <= today && year > today.getUTCFullYear() - 130;
}
