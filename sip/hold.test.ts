import { expect, test } from '@jest/globals';
import { isHold } from './hold.ts';

const sdp = (...lines: string[]) =>
  ['v=0', 'o=- 1 1 IN IP4 192.0.2.1', 's=-', 't=0 0', ...lines].map((line) => `${line}\r\n`).join('');

test.each<[string, boolean, string]>([
  ['sendrecv', false, sdp('c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0', 'a=sendrecv')],
  ['no direction', false, sdp('c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0')],
  ['sendonly', true, sdp('c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0', 'a=sendonly')],
  ['inactive', true, sdp('c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0', 'a=inactive')],
  ['sendonly for the whole session', true, sdp('a=sendonly', 'c=IN IP4 192.0.2.1', 'm=audio 4000 RTP/AVP 0')],
  ['the old zero address', true, sdp('c=IN IP4 0.0.0.0', 'm=audio 4000 RTP/AVP 0')],
])('%s', (_, held, offer) => {
  expect(isHold(offer)).toBe(held);
});
