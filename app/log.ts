import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

/** One JSON line an event, on stderr. Every line about a call has `callId`; names, numbers and FHIR bodies never appear (design.md §8). */
export function openLog(level: string, name: string): Logger {
  const stderr = destination({ dest: 2, sync: false });
  stderr.on('error', () => {}); // nobody reads it any more
  // With the supervisor its end of stderr is gone. pino then stops writing once it knows; unless it is told, its flush
  // at exit meets the broken pipe first and tries again for ever.
  process.once('disconnect', () => stderr.emit('error', Object.assign(new Error('broken pipe'), { code: 'EPIPE' })));
  return pino({ level, base: { name }, timestamp: stdTimeFunctions.isoTime }, stderr);
}
