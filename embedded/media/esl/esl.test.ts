import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { splitArguments } from '../api/arguments.ts';
import { block, CommandParser, encodeValue, plainLines } from './codec.ts';
import { makeEvent } from './event.ts';
import { Subscription } from './subscription.ts';

const sendmsg =
  'sendmsg 4cb719b4\nexecute-app-name: playback\nexecute-app-arg: /a/b: c.wav\ncall-command: execute\nEvent-UUID: x1\n\n';

describe('commands', () => {
  test('are cut wherever the network cuts them', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(200), { maxLength: 8 }), (cuts) => {
        const text = `auth ClueCon\r\n\r\n\n${sendmsg}api sofia status\n\n`;
        const parser = new CommandParser();
        const at = [0, ...cuts.map((cut) => cut % text.length).sort((a, b) => a - b), text.length];
        const commands = at.slice(1).flatMap((end, index) => parser.push(text.slice(at[index], end)));
        expect(commands.map(({ line }) => line)).toEqual(['auth ClueCon', 'sendmsg 4cb719b4', 'api sofia status']);
        expect(commands[1]?.headers.get('execute-app-arg')).toBe('/a/b: c.wav');
      }),
    );
  });

  test('may have a body, counted in bytes', () => {
    const parser = new CommandParser();
    const [first, second] = parser.push('sendevent X\nContent-Length: 3\n\nä!exit\n\n');
    expect(first?.body).toBe('ä!');
    expect(second?.line).toBe('exit');
  });

  test('one that never ends is not kept for ever', () => {
    expect(() => new CommandParser().push('x'.repeat(300_000))).toThrow();
  });
});

describe('blocks', () => {
  test('have a length in bytes and encoded values that decodeURIComponent reads back', () => {
    expect(block([['Content-Type', 'api/response']], '+OK ä\n')).toBe(
      'Content-Type: api/response\nContent-Length: 7\n\n+OK ä\n',
    );
    expect(encodeValue('sip:mod_sofia@127.0.10.2:5080')).toBe('sip%3Amod_sofia%40127.0.10.2%3A5080');
    expect(encodeValue('RTP/AVP 0,8\r\n')).toBe('RTP/AVP%200,8%0D%0A');
    expect(plainLines({ a: ['x', 'y'] })).toBe('a: ARRAY%3A%3Ax%7C%3Ay\n');
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        (text) => decodeURIComponent(encodeValue(text)) === text.toWellFormed(),
      ),
    );
  });
});

describe('subscriptions', () => {
  const event = (name: string, fields: Record<string, string> = {}) => makeEvent({ 'Event-Name': name, ...fields });

  test('know plain events with their prefix and custom ones by subclass', () => {
    const subscription = new Subscription();
    subscription.add('json DTMF SWITCH_EVENT_PLAYBACK_START CUSTOM conference::maintenance BACKGROUND_JOB'.split(' '));
    expect(subscription.accepts(event('DTMF'))).toBe(true);
    expect(subscription.accepts(event('PLAYBACK_START'))).toBe(true);
    expect(subscription.accepts(event('CUSTOM', { 'Event-Subclass': 'conference::maintenance' }))).toBe(true);
    expect(subscription.accepts(event('CUSTOM', { 'Event-Subclass': 'mod_audio_fork::connect' }))).toBe(false);
    expect(subscription.accepts(event('BACKGROUND_JOB'))).toBe(false);
    subscription.add('json CUSTOM mod_audio_fork::connect'.split(' '));
    expect(subscription.accepts(event('CUSTOM', { 'Event-Subclass': 'mod_audio_fork::connect' }))).toBe(true);
  });

  test('filters are or-ed, case does not matter, a minus excludes, slashes hold an expression', () => {
    const subscription = new Subscription();
    subscription.add(['json', 'DTMF']);
    subscription.addFilter('Unique-ID', 'ABC');
    subscription.addFilter('Conference-Unique-ID', '/^x/');
    expect(subscription.accepts(event('DTMF', { 'Unique-ID': 'abc' }))).toBe(true);
    expect(subscription.accepts(event('DTMF', { 'Unique-ID': 'other' }))).toBe(false);
    expect(subscription.accepts(event('DTMF', { 'Conference-Unique-ID': 'xyz' }))).toBe(true);
    subscription.addFilter('-DTMF-Digit', '5');
    expect(subscription.accepts(event('DTMF', { 'Unique-ID': 'abc', 'DTMF-Digit': '5' }))).toBe(false);
    expect(subscription.addFilter('a', '/(/')).toBe(false);
  });
});

test('arguments are split at spaces, at a chosen character, and held by quotes', () => {
  expect(splitArguments('uuid  start ws://x')).toEqual(['uuid', 'start', 'ws://x']);
  expect(splitArguments(`^^|uuid|start|ws://x|stereo|8000||'{"a": "b c"}'|true|false|`)).toEqual([
    'uuid',
    'start',
    'ws://x',
    'stereo',
    '8000',
    '',
    '{"a": "b c"}',
    'true',
    'false',
    '',
  ]);
  expect(splitArguments(`uuid send_text bug1 '{"x": 1}'`)).toEqual(['uuid', 'send_text', 'bug1', '{"x": 1}']);
});
