import { type Logger, pino } from 'pino';

export type { Logger };

/** One JSON line an event. Every line about a call has `callId`; names, numbers and FHIR bodies never appear (design.md §8). */
export function openLog(level: string, name: string): Logger {
  return pino({ name, level, base: { name }, timestamp: pino.stdTimeFunctions.isoTime });
}
