import type { Logger } from './log.ts';
import type { Metrics } from './metrics.ts';

/**
 * Keeps the calls of everybody else when one thing throws where nobody can catch it. drachtio-fsmrf and drachtio-modesl
 * throw inside their own callbacks (freeswitch-esl.md, Quirks 6): Node's default would end every call of the clinic.
 */
export function surviveFaults(log: Logger, metrics: Metrics): void {
  const survive = (kind: 'exception' | 'rejection') => (error: unknown) => {
    metrics.faultsTotal.inc({ kind });
    log.error({ err: error, kind }, 'a fault that nobody caught; calls go on');
  };
  process.on('uncaughtException', survive('exception'));
  process.on('unhandledRejection', survive('rejection'));
}
