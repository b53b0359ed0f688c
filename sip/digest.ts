import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { LRUCache } from 'lru-cache';

/*
 * Digest authentication of phones and trunks as RFC 8760 asks (SHA-256 offered first, MD5 for what phones can do).
 * http-auth-utils was tried for the header: it refuses unknown parameters and escaped quotes, which RFC 7616 allows.
 */

export type Algorithm = 'SHA-256' | 'MD5';
/** H(user:realm:secret) in lower-case hex; the secret itself is stored nowhere. */
export type Ha1s = { readonly 'SHA-256': string; readonly MD5: string };

export type DigestResult =
  | { readonly kind: 'ok' }
  | { readonly kind: 'challenge'; readonly stale: boolean }
  | { readonly kind: 'failed'; readonly because: 'malformed' | 'wrong' | 'replayed' };

const hashName = { 'SHA-256': 'sha256', MD5: 'md5' } as const;
const hash = (algorithm: Algorithm, text: string) => createHash(hashName[algorithm]).update(text).digest('hex');

/** Both HA1s of a secret, as the `extension` table keeps them. */
export function ha1s(user: string, realm: string, secret: string): Ha1s {
  const text = `${user}:${realm}:${secret}`;
  return { 'SHA-256': hash('SHA-256', text), MD5: hash('MD5', text) };
}

/** Parameters of a `Digest` Authorization header (RFC 7616 §3.4), names in lower case; null when it is none. */
export function parseAuthorization(header: string): ReadonlyMap<string, string> | null {
  const scheme = /^\s*Digest\s+/i.exec(header);
  if (!scheme) return null;
  const parameters = new Map<string, string>();
  const one = /\s*([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",]+))\s*(?:,|$)/gy;
  one.lastIndex = scheme[0].length;
  while (one.lastIndex < header.length) {
    const found = one.exec(header);
    const name = found?.[1]?.toLowerCase();
    if (!found || !name || parameters.has(name)) return null;
    parameters.set(name, found[2]?.replace(/\\(.)/g, '$1') ?? found[3] ?? '');
  }
  return parameters;
}

/** Issues challenges and checks answers. Nonces are stateless (time and HMAC); used `nc` values are remembered. */
export class DigestAuthority {
  readonly realm: string;
  readonly #key: Buffer;
  readonly #lifetimeMs: number;
  readonly #usedCounts: LRUCache<string, number>;

  /** `key`: random, one a cluster, so that any node accepts any node's nonce. */
  constructor(options: { realm: string; key: Buffer; nonceLifetimeMs?: number }) {
    this.realm = options.realm;
    this.#key = options.key;
    this.#lifetimeMs = options.nonceLifetimeMs ?? 120_000;
    this.#usedCounts = new LRUCache({ max: 50_000, ttl: this.#lifetimeMs });
  }

  /** WWW-Authenticate values, the preferred algorithm first (RFC 8760 §2.3). */
  challenge(
    stale: boolean,
    algorithms: readonly Algorithm[] = ['SHA-256', 'MD5'],
    now = Date.now(),
  ): readonly string[] {
    const nonce = this.#nonce(now);
    return algorithms.map(
      (algorithm) =>
        `Digest realm="${this.realm}", nonce="${nonce}", algorithm=${algorithm}, qop="auth"${stale ? ', stale=true' : ''}`,
    );
  }

  /** Checks an Authorization header. `known` null: no such user; takes the same time and gives the same answer as a wrong secret. */
  check(header: string | undefined, method: string, known: Ha1s | null, now = Date.now()): DigestResult {
    if (header === undefined) return { kind: 'challenge', stale: false };
    const given = parseAuthorization(header);
    const [user, nonce, uri, response] = ['username', 'nonce', 'uri', 'response'].map((name) => given?.get(name));
    if (!given || !user || !nonce || !uri || !response) return { kind: 'failed', because: 'malformed' };
    const algorithm = (given.get('algorithm') ?? 'MD5').toUpperCase();
    if (algorithm !== 'SHA-256' && algorithm !== 'MD5') return { kind: 'failed', because: 'malformed' };
    if (given.get('realm') !== this.realm) return { kind: 'challenge', stale: false };

    const age = this.#ageOf(nonce, now);
    if (age === null) return { kind: 'challenge', stale: false };
    const ha1 = known?.[algorithm] ?? hash(algorithm, `nobody:${nonce}`);
    const ha2 = hash(algorithm, `${method}:${uri}`);
    const [qop, nc, cnonce] = [given.get('qop'), given.get('nc'), given.get('cnonce')];
    // We always offer qop=auth: an answer without it (RFC 2069) could be replayed and is refused.
    if (qop !== 'auth' || !cnonce || !nc || !/^[0-9a-f]{8}$/i.test(nc)) return { kind: 'failed', because: 'malformed' };
    const expected = Buffer.from(hash(algorithm, `${ha1}:${nonce}:${nc}:${cnonce}:${qop}:${ha2}`));
    const answered = Buffer.from(response.toLowerCase());
    const right = expected.length === answered.length && timingSafeEqual(expected, answered);
    if (!right || !known) return { kind: 'failed', because: 'wrong' };
    if (age > this.#lifetimeMs) return { kind: 'challenge', stale: true };

    const count = Number.parseInt(nc, 16);
    if (count <= (this.#usedCounts.get(nonce) ?? 0)) return { kind: 'failed', because: 'replayed' };
    this.#usedCounts.set(nonce, count);
    return { kind: 'ok' };
  }

  #nonce(now: number): string {
    const time = now.toString(16).padStart(12, '0');
    // The random part keeps two challenges of one millisecond apart: `nc` is counted per nonce.
    const random = randomBytes(8).toString('hex');
    return `${time}${random}${this.#seal(time + random)}`;
  }

  #seal(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('hex').slice(0, 32);
  }

  /** Milliseconds since the nonce was made; null when we did not make it. */
  #ageOf(nonce: string, now: number): number | null {
    const [text, seal] = [nonce.slice(0, 28), nonce.slice(28)];
    const right = Buffer.from(this.#seal(text));
    if (seal.length !== right.length || !timingSafeEqual(right, Buffer.from(seal))) return null;
    return now - Number.parseInt(text.slice(0, 12), 16);
  }
}
