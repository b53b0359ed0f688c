import type { ServerTransaction } from '../sip/server-transaction.ts';
import { answer, type Core } from './core.ts';

/** Sends a new call to the default destination. Until the proxy exists: 503. */
export function forwardToDefault(_core: Core, tx: ServerTransaction): void {
  answer(tx, 503, 'Service Unavailable', [['Retry-After', '5']]);
}
