import { destination, type Logger, pino, stdTimeFunctions } from 'pino';

export type { Logger };

/** One JSON line an event, on stderr. Every line about a call has `callId`; names, numbers and FHIR bodies never appear (design.md §8). */
export function openLog(level: string, name: string): Logger {
  const stderr = destination({ dest: 2, sync: false });
  stderr.on('error', () => {}); // nobody reads it any more
  // With the supervisor its end of stderr is gone. pino then stops writing once it knows; unless it is told, its flush
  // at exit meets the broken pipe first and tries again for ever.
  process.once('disconnect', () => stderr.emit('error', Object.assign(new Error('broken pipe'), { code: 'EPIPE' })));
  return pino({ level, base: { name }, timestamp: stdTimeFunctions.isoTime, serializers: { err: errorFacts } }, stderr);
}

/**
 * What may be told of an error. Others of its properties stay out: pg hangs its whole client on one, with the values of
 * its query, and rows in `detail`; HTTP clients hang the response on theirs.
 */
export function errorFacts(error: unknown): unknown {
  if (!(error instanceof Error)) return { type: typeof error };
  const { code, status } = error as { code?: unknown; status?: unknown };
  return {
    type: error.constructor.name,
    message: error.message,
    ...(typeof code === 'string' || typeof code === 'number' ? { code } : {}),
    ...(typeof status === 'number' ? { status } : {}),
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: errorFacts(error.cause) }),
  };
}
