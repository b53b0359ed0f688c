import { LRUCache } from 'lru-cache';
import type { Algorithm } from './digest.ts';

const both = ['SHA-256', 'MD5'] as const;
const md5 = ['MD5'] as const;

/** Phones that give up at the sight of SHA-256 instead of passing over it as RFC 7616 §3.7 asks. */
const cannotPassOver = [/^baresip v[01]\./i];

/**
 * Which algorithms a phone is offered: both, unless it is known to stumble, or has asked again without answering the
 * last offer. A phone can so only weaken its own login.
 */
export class DigestOffers {
  readonly #unanswered = new LRUCache<string, true>({ max: 10_000, ttl: 10 * 60_000 });

  next(phone: {
    readonly user: string;
    readonly address: string;
    readonly userAgent: string | null;
  }): readonly Algorithm[] {
    const key = `${phone.user} ${phone.address}`;
    if (cannotPassOver.some((agent) => agent.test(phone.userAgent ?? ''))) return md5;
    if (this.#unanswered.has(key)) return md5;
    this.#unanswered.set(key, true);
    return both;
  }

  answered(phone: { readonly user: string; readonly address: string }): void {
    this.#unanswered.delete(`${phone.user} ${phone.address}`);
  }
}
