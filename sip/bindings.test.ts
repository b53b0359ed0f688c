import { describe, expect, test } from '@jest/globals';
import { applyRegister, type Binding, contactHeader } from './bindings.ts';
import type { RegisterRequest } from './ports.ts';

const now = new Date('2026-11-22T12:00:00Z');
type Contact = RegisterRequest['contacts'][number];
const contact = (uri: string, more: Partial<Contact> = {}): Contact => ({
  uri,
  expiresSeconds: null,
  q: 1,
  instance: null,
  ...more,
});

function register(more: Partial<RegisterRequest>): RegisterRequest {
  return {
    aor: 'sip:201@chartline' as never,
    user: '201',
    realm: 'chartline',
    contacts: [],
    wildcard: false,
    defaultExpiresSeconds: 300,
    sipCallId: 'a',
    cseq: 1,
    source: { address: '127.0.0.1', port: 5062, protocol: 'udp' },
    userAgent: null,
    authorization: undefined,
    headers: () => undefined,
    respond: () => {},
    ...more,
  };
}
function apply(current: readonly Binding[], more: Partial<RegisterRequest>): readonly Binding[] {
  const outcome = applyRegister(current, register(more), 'edge-1', now);
  if (outcome.kind === 'refused') throw new Error(outcome.reason);
  return outcome.bindings;
}
const one = apply([], { contacts: [contact('sip:201@127.0.0.1:5062')] });

describe('a REGISTER', () => {
  test('adds contacts with the asked expiry, at most an hour', () => {
    const bindings = apply(one, {
      contacts: [contact('sip:201@127.0.0.1:5064', { expiresSeconds: 86_400, q: 0.5 })],
      sipCallId: 'b',
    });
    expect(bindings.map((b) => [b.contact, b.q, (b.expiresAt.getTime() - now.getTime()) / 1000])).toEqual([
      ['sip:201@127.0.0.1:5062', 1, 300],
      ['sip:201@127.0.0.1:5064', 0.5, 3600],
    ]);
  });
  test('refreshes the same contact', () => {
    expect(apply(one, { contacts: [contact('sip:201@127.0.0.1:5062')], cseq: 2 })).toHaveLength(1);
  });
  test('of the same instance at a new address replaces the old one', () => {
    const first = apply([], { contacts: [contact('sip:201@10.0.0.1', { instance: '<urn:uuid:1>' })] });
    const moved = apply(first, {
      contacts: [contact('sip:201@10.0.0.2', { instance: '<urn:uuid:1>' })],
      sipCallId: 'b',
    });
    expect(moved.map((b) => b.contact)).toEqual(['sip:201@10.0.0.2']);
  });
  test('removes one contact with expires 0, and all with *', () => {
    expect(apply(one, { contacts: [contact('sip:201@127.0.0.1:5062', { expiresSeconds: 0 })], cseq: 2 })).toEqual([]);
    expect(apply(one, { wildcard: true, defaultExpiresSeconds: 0, cseq: 2 })).toEqual([]);
  });
  test('without contacts only asks', () => {
    expect(apply(one, {})).toEqual(one);
    expect(contactHeader(one, now)).toBe('<sip:201@127.0.0.1:5062>;q=1;expires=300');
  });
  test.each<[string, Partial<RegisterRequest>, number]>([
    ['too brief an interval', { contacts: [contact('sip:x@y', { expiresSeconds: 10 })] }, 423],
    ['* that does not expire', { wildcard: true, defaultExpiresSeconds: 300 }, 400],
    ['an old CSeq', { contacts: [contact('sip:201@127.0.0.1:5062')], cseq: 1 }, 500],
    [
      'a flood of contacts',
      { contacts: Array.from({ length: 11 }, (_, i) => contact(`sip:x@h${i}`)), sipCallId: 'b' },
      403,
    ],
  ])('is refused for %s', (_, more, status) => {
    expect(applyRegister(one, register(more), 'edge-1', now)).toMatchObject({ kind: 'refused', status });
  });
  test('does not keep what has expired', () => {
    const later = new Date(now.getTime() + 301_000);
    expect(applyRegister(one, register({}), 'edge-1', later)).toEqual({ kind: 'accepted', bindings: [] });
  });
});
