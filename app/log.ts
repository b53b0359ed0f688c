import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

/** One JSON line an event, on stderr. Every line about a call has `callId`; names, numbers and FHIR bodies never appear (design.md §8). */
export function openLog(level: string, name: string): Logger {
  return pino({ level, base: { name }, timestamp: stdTimeFunctions.isoTime }, destination({ dest: 2, sync: false }));
}
