import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { type Algorithm, DigestAuthority, ha1s, parseAuthorization } from './digest.ts';

const realm = 'chartline';
const known = ha1s('201', realm, 'secret');
const hash = (algorithm: Algorithm, text: string) =>
  createHash(algorithm === 'MD5' ? 'md5' : 'sha256')
    .update(text)
    .digest('hex');

const authority = () => new DigestAuthority({ realm, key: randomBytes(32), nonceLifetimeMs: 60_000 });
const nonceOf = (challenge: readonly string[]) => /nonce="([^"]+)"/.exec(challenge[0] ?? '')?.[1] ?? '';

function answer(nonce: string, options: { secret?: string; nc?: string; algorithm?: Algorithm } = {}): string {
  const { secret = 'secret', nc = '00000001', algorithm = 'SHA-256' } = options;
  const ha1 = hash(algorithm, `201:${realm}:${secret}`);
  const ha2 = hash(algorithm, 'REGISTER:sip:clinic.example');
  const response = hash(algorithm, `${ha1}:${nonce}:${nc}:abc:auth:${ha2}`);
  return `Digest username="201", realm="${realm}", nonce="${nonce}", uri="sip:clinic.example", response="${response}", algorithm=${algorithm}, cnonce="abc", qop=auth, nc=${nc}`;
}

describe('digest', () => {
  test('offers SHA-256 before MD5 with one nonce', () => {
    const [first, second] = authority().challenge(false);
    expect(first).toContain('algorithm=SHA-256');
    expect(second).toContain('algorithm=MD5');
  });

  test.each(['SHA-256', 'MD5'] as const)('the right secret passes with %s', (algorithm) => {
    const a = authority();
    const header = answer(nonceOf(a.challenge(false)), { algorithm });
    expect(a.check(header, 'REGISTER', known)).toEqual({ kind: 'ok' });
  });

  test('a wrong secret and an unknown user look alike', () => {
    const a = authority();
    const nonce = nonceOf(a.challenge(false));
    const wrong = a.check(answer(nonce, { secret: 'guess' }), 'REGISTER', known);
    const unknown = a.check(answer(nonce), 'REGISTER', null);
    expect(wrong).toEqual({ kind: 'failed', because: 'wrong' });
    expect(unknown).toEqual(wrong);
  });

  test('a replayed nc is refused, the next one passes', () => {
    const a = authority();
    const nonce = nonceOf(a.challenge(false));
    expect(a.check(answer(nonce), 'REGISTER', known).kind).toBe('ok');
    expect(a.check(answer(nonce), 'REGISTER', known)).toEqual({ kind: 'failed', because: 'replayed' });
    expect(a.check(answer(nonce, { nc: '00000002' }), 'REGISTER', known).kind).toBe('ok');
  });

  test('an old nonce is stale only for who knows the secret', () => {
    const a = authority();
    const nonce = nonceOf(a.challenge(false, ['SHA-256'], 0));
    expect(a.check(answer(nonce), 'REGISTER', known, 61_000)).toEqual({ kind: 'challenge', stale: true });
    expect(a.check(answer(nonce, { secret: 'guess' }), 'REGISTER', known, 61_000).kind).toBe('failed');
  });

  test("another server's nonce, realm or an answer without qop is not accepted", () => {
    const a = authority();
    expect(a.check(answer(nonceOf(authority().challenge(false))), 'REGISTER', known).kind).toBe('challenge');
    const own = answer(nonceOf(a.challenge(false)));
    expect(a.check(own.replace(`realm="${realm}"`, 'realm="other"'), 'REGISTER', known).kind).toBe('challenge');
    expect(a.check(own.replace(', qop=auth', ''), 'REGISTER', known).kind).toBe('failed');
  });
});

describe('parseAuthorization', () => {
  test('reads quoted commas, escaped quotes, tokens and unknown parameters', () => {
    const parsed = parseAuthorization('Digest username="a\\"b, c", nc=00000001 , x-new="1"');
    expect(Object.fromEntries(parsed ?? [])).toEqual({ username: 'a"b, c', nc: '00000001', 'x-new': '1' });
  });
  test.each(['Basic abc', 'Digest username', 'Digest username="a" nc=1', 'Digest a=1, a=2', 'Digest a="1'])(
    'refuses %s',
    (text) => {
      expect(parseAuthorization(text)).toBeNull();
    },
  );
});
