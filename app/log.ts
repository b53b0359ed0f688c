import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

/** One JSON line an event, on stderr. Every line about a call has `callId`; names, numbers and FHIR bodies never appear (design.md §8). */
export function openLog(level: string, name: string): Logger {
  const stderr = destination({ dest: 2, sync: false });
  stderr.on('error', () => {}); // its reader is gone, and there is nobody to tell
  return pino({ level, base: { name }, timestamp: stdTimeFunctions.isoTime }, stderr);
}
