import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Negotiated, negotiate, offerSdp } from './sdp.ts';

const local = { host: '127.0.10.2', port: 25_490, id: 1795336858, version: 1795336859 };
const offer = (audio = 'm=audio 42002 RTP/AVP 0 8 101', lines: readonly string[] = ['a=sendrecv', 'a=ptime:20']) =>
  [
    'v=0',
    'o=- 100 1 IN IP4 127.0.10.6',
    's=-',
    'c=IN IP4 127.0.10.6',
    't=0 0',
    audio,
    'a=rtpmap:0 PCMU/8000',
    'a=rtpmap:8 PCMA/8000',
    'a=rtpmap:101 telephone-event/8000',
    'a=fmtp:101 0-16',
    ...lines,
    '',
  ].join('\r\n');

function accepted(text: string): Negotiated {
  const result = negotiate(text, local);
  if (result.kind === 'refused') throw new Error(result.warning);
  return result;
}

describe('the answer', () => {
  test('is the real one of transcript esl-03 but for the names', () => {
    expect(accepted(offer()).sdp).toBe(
      [
        'v=0',
        'o=Chartline-Media 1795336858 1795336859 IN IP4 127.0.10.2',
        's=Chartline-Media',
        'c=IN IP4 127.0.10.2',
        't=0 0',
        'm=audio 25490 RTP/AVP 0 101',
        'a=rtpmap:0 PCMU/8000',
        'a=rtpmap:101 telephone-event/8000',
        'a=fmtp:101 0-15',
        'a=ptime:20',
        '',
      ].join('\r\n'),
    );
  });

  test.each([
    ['sendonly', 'recvonly', false, true],
    ['recvonly', 'sendonly', true, false],
    ['inactive', 'inactive', false, false],
    ['sendrecv', 'sendrecv', true, true],
  ] as const)('to %s is %s', (theirs, ours, send, receive) => {
    const { direction, media, sdp } = accepted(offer(undefined, [`a=${theirs}`]));
    expect([direction, media.send, media.receive]).toEqual([ours, send, receive]);
    expect(sdp.includes('a=sendrecv')).toBe(false);
  });

  test('an old hold by address is a hold', () => {
    expect(accepted(offer().replace('c=IN IP4 127.0.10.6', 'c=IN IP4 0.0.0.0')).direction).toBe('inactive');
  });

  test('our own address echoed back is nobody to send to', () => {
    expect(accepted(offerSdp(local)).media).toMatchObject({ send: false, receive: false });
  });

  test('our preference wins over the order of the offer; PCMA alone is PCMA; no telephone-event is none', () => {
    expect(accepted(offer('m=audio 42002 RTP/AVP 8 0 101')).media.law).toBe('PCMU');
    expect(accepted(offer('m=audio 42002 RTP/AVP 8')).media).toMatchObject({ law: 'PCMA', eventType: null });
  });

  test('video is refused in place', () => {
    const { sdp } = accepted(`${offer()}m=video 42004 RTP/AVP 96\r\na=rtpmap:96 VP8/90000\r\n`);
    expect(sdp).toContain('m=video 0 RTP/AVP 19\r\n');
    expect(sdp.indexOf('m=audio')).toBeLessThan(sdp.indexOf('m=video'));
  });
});

test.each([
  ['no audio', 'v=0\r\no=- 1 1 IN IP4 1.1.1.1\r\ns=-\r\nt=0 0\r\n'],
  ['other codecs only', offer('m=audio 42002 RTP/AVP 18 101')],
  ['a static type renamed', offer('m=audio 42002 RTP/AVP 0').replace('0 PCMU/8000', '0 G729/8000')],
  ['port zero', offer('m=audio 0 RTP/AVP 0')],
  ['multicast', offer().replace('127.0.10.6\r\nt=', '224.1.1.1\r\nt=')],
  ['broadcast', offer().replace('127.0.10.6\r\nt=', '255.255.255.255\r\nt=')],
  ['a host name', offer().replace('IP4 127.0.10.6\r\nt=', 'IP4 victim.example\r\nt=')],
  ['SRTP', offer('m=audio 42002 RTP/SAVP 0')],
  ['an absurd packet time', offer(undefined, ['a=ptime:5000'])],
])('%s is refused', (_name, text) => {
  expect(negotiate(text, local).kind).toBe('refused');
});

test('whatever a peer sends, it is refused or answered, never thrown', () => {
  fc.assert(
    fc.property(fc.string(), fc.nat(400), fc.nat(40), (noise, at, cut) => {
      const text = offer();
      negotiate(text.slice(0, at) + noise + text.slice(at + cut), local);
    }),
  );
});
