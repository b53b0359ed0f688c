import { describe, expect, test } from '@jest/globals';
import { parseMessage, parseVia, type SipMessage, type SipRequest, splitList, stampVia } from './message.ts';
import { parseUri } from './uri.ts';

const lines = (...all: string[]) => `${all.join('\r\n')}\r\n\r\n`;
const options = (...more: string[]) =>
  lines(
    'OPTIONS sip:bob@example.com SIP/2.0',
    'Via: SIP/2.0/UDP 192.0.2.1:5070;branch=z9hG4bKa;rport',
    'From: "A, B" <sip:a@example.com;x=1>;tag=f1',
    'To: sip:bob@example.com;tag=t1',
    'Call-ID: c1',
    'CSeq: 7 OPTIONS',
    ...more,
  );
function read(text: string): SipMessage {
  const message = parseMessage(text);
  if (message.kind === 'malformed') throw new Error(message.why);
  return message;
}

describe('a message', () => {
  test('is read once into what the engine needs', () => {
    const text = `${options('Content-Length: 3')}abcrest`;
    const message = read(text) as SipRequest;
    expect(message).toMatchObject({
      kind: 'request',
      method: 'OPTIONS',
      uri: 'sip:bob@example.com',
      callId: 'c1',
      cseq: { number: 7, method: 'OPTIONS' },
      from: { uri: 'sip:a@example.com;x=1', tag: 'f1' },
      to: { uri: 'sip:bob@example.com', tag: 't1' },
      via: { protocol: 'UDP', host: '192.0.2.1', port: 5070, branch: 'z9hG4bKa' },
      body: 'abc',
    });
    expect(message.text).toBe(text.slice(0, -4));
  });

  test('keeps its bytes: UTF-8 and binary come out as they came in', () => {
    const bytes = Buffer.concat([
      Buffer.from(options('Subject: Jörg à', 'Content-Length: 4').slice(0), 'utf8'),
      Buffer.from([0, 255, 13, 10]),
    ]);
    expect(Buffer.from(read(bytes.toString('latin1')).text, 'latin1').equals(bytes)).toBe(true);
  });

  test('has its compact and folded headers under their full names', () => {
    const message = read(
      lines(
        'BYE sip:x SIP/2.0',
        'v: SIP/2.0/TCP h;branch=b',
        'f: <sip:a@b>',
        '  ;tag=1',
        't: <sip:c@d>',
        'i: q',
        'CSeq: 1 BYE',
        'o: dialog',
        'x: 90',
      ),
    );
    expect(message.from.tag).toBe('1');
    expect(message.headers).toMatchObject({ event: 'dialog', 'session-expires': '90' });
  });

  test.each([
    ['no end', options().slice(0, -2), 400],
    ['bare LF', options('X: a\nVia: y'), 400],
    ['two Call-IDs', options('i: other'), 400],
    ['CSeq of another method', options().replace('7 OPTIONS', '7 INVITE'), 400],
    ['short body', options('Content-Length: 1'), 400],
    ['version', options().replace('SIP/2.0', 'SIP/3.0'), 505],
  ])('is refused: %s', (_what, text, status) => {
    const message = parseMessage(text);
    expect(message).toMatchObject({ kind: 'malformed', reply: { status } });
  });

  test.each([
    ['an ACK', options().replaceAll('OPTIONS', 'ACK').replace('c1', '')],
    ['a response', options().replace(/^[^\r]*/, 'SIP/2.0 999 x')],
    ['no Via', options().replace('Via', 'X-Via')],
  ])('is dropped without an answer: %s', (_what, text) => {
    expect(parseMessage(text)).toMatchObject({ kind: 'malformed', reply: null });
  });
});

describe('the topmost Via', () => {
  const stamped = (via: string, address = '192.0.2.9', port = 6000) =>
    /Via: ([^\r]*)/.exec(
      stampVia(lines('OPTIONS sip:x SIP/2.0', `Via: ${via}`, 'Via: SIP/2.0/UDP last'), address, port),
    )?.[1];
  test.each([
    ['SIP/2.0/UDP 192.0.2.9:5060;rport;branch=b', 'SIP/2.0/UDP 192.0.2.9:5060;rport=6000;branch=b'],
    ['SIP/2.0/UDP 10.0.0.1;branch=b;rport', 'SIP/2.0/UDP 10.0.0.1;branch=b;rport=6000;received=192.0.2.9'],
    ['SIP/2.0/UDP 10.0.0.1;branch=b', 'SIP/2.0/UDP 10.0.0.1;branch=b;received=192.0.2.9'],
    [
      'SIP/2.0/UDP 10.0.0.1;received=192.0.2.66, SIP/2.0/UDP h;rport',
      'SIP/2.0/UDP 10.0.0.1;received=192.0.2.9, SIP/2.0/UDP h;rport',
    ],
    ['SIP/2.0/TCP [2001:db8::1]:5070;rport', 'SIP/2.0/TCP [2001:db8::1]:5070;rport=6000;received=192.0.2.9'],
  ])('%s', (via, expected) => expect(stamped(via)).toBe(expected));

  test('reads IPv6 and refuses impossible ports', () => {
    expect(parseVia('SIP / 2.0 / UDP [2001:db8::1]:5070 ;branch=b')).toMatchObject({
      host: '[2001:db8::1]',
      port: 5070,
    });
    expect(parseVia('SIP/2.0/UDP h:0')).toBeNull();
    expect(parseVia('SIP/2.0/UDP h:70000')).toBeNull();
  });
});

test('lists are cut at commas outside quotes and brackets', () => {
  expect(splitList('<sip:a,b@c>;x="d,\\",e" , <sip:f>,,')).toEqual(['<sip:a,b@c>;x="d,\\",e"', '<sip:f>']);
});

test.each([
  ['sip:bob@example.com', { user: 'bob', host: 'example.com', port: null, transport: null }],
  [
    '<sips:[2001:db8::1]:5061;transport=TCP>',
    { scheme: 'sips', user: null, host: '2001:db8::1', port: 5061, transport: 'tcp' },
  ],
])('URI %s', (text, expected) => expect(parseUri(text)).toMatchObject(expected));
test.each(['foo', 'sip:', 'mailto:a@b', 'sip:a@b:0', 'sip:a@b:99999', `sip:${'a'.repeat(5000)}@b`])(
  'no URI: %.20s',
  (text) => expect(parseUri(text)).toBeNull(),
);
