import { expect, test } from '@jest/globals';
import { DigestOffers } from './digest-offer.ts';

const phone = { user: '201', address: '192.0.2.7', userAgent: 'Yealink SIP-T46S' };

test('a phone is offered both, until it asks again without an answer', () => {
  const offers = new DigestOffers();
  expect(offers.next(phone)).toEqual(['SHA-256', 'MD5']);
  expect(offers.next(phone)).toEqual(['MD5']);
});
test('an answer shows that it understands both', () => {
  const offers = new DigestOffers();
  offers.next(phone);
  offers.answered(phone);
  expect(offers.next(phone)).toEqual(['SHA-256', 'MD5']);
});
test("one phone's trouble does not weaken another's login", () => {
  const offers = new DigestOffers();
  offers.next(phone);
  expect(offers.next({ ...phone, address: '192.0.2.8' })).toEqual(['SHA-256', 'MD5']);
});
test('a phone known to stumble over SHA-256 is offered MD5 at once', () => {
  expect(new DigestOffers().next({ ...phone, userAgent: 'baresip v1.0.0 (x86_64/linux)' })).toEqual(['MD5']);
});
