import { LRUCache } from 'lru-cache';
import type { Account } from '../../db/accounts.ts';
import type { CallView } from '../api-types.ts';
import type { Audit } from '../audit.ts';
import { shownParts } from '../auth/disclosure.ts';

/** Audits 'card.shown' once for each call, user, patient and set of parts. */
export class CardAudit {
  readonly #audit: Audit;
  readonly #told = new LRUCache<string, true>({ max: 50_000 });

  constructor(audit: Audit) {
    this.#audit = audit;
  }

  /** `account` is being sent `call`. Returns at once. */
  shown(account: Account, call: CallView): void {
    if (!call.card) return;
    const parts = shownParts(call, account.role);
    if (parts.length === 0) return;
    const { callId, card, assurance } = call;
    const key = `${callId} ${account.id} ${card.patientId} ${parts}`;
    if (this.#told.has(key)) return;
    this.#told.set(key, true);
    const detail = { patientId: card.patientId, parts, assurance };
    void this.#audit({ actor: `user:${account.login}`, action: 'card.shown', subject: `call:${callId}`, detail });
  }
}
