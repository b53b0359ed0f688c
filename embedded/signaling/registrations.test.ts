import { describe, expect, test } from '@jest/globals';
import { FakeFlow, FakeTimers } from '../sip/fake-transport.ts';
import { parseMessage, type SipRequest } from '../sip/message.ts';
import type { Protocol } from '../sip/transport.ts';
import { Registrations } from './registrations.ts';

const contact = '<sip:phone@x.invalid;transport=tcp>';
const register = (value: string, more = '') =>
  parseMessage(
    `REGISTER sip:h SIP/2.0\r\nVia: SIP/2.0/TCP h;branch=z9hG4bK1\r\nFrom: <sip:a@h>;tag=1\r\nTo: <sip:a@h>\r\nCall-ID: 1\r\nCSeq: 1 REGISTER\r\nContact: ${value}\r\n${more}\r\n`,
  ) as SipRequest;

function setUp(protocol: Protocol = 'tcp') {
  const timers = new FakeTimers();
  return { timers, flow: new FakeFlow(timers, protocol), registrations: new Registrations(timers) };
}

describe('a phone that registered over a connection', () => {
  test('is found by user and host until its time is over', () => {
    const { timers, flow, registrations } = setUp();
    registrations.learn(register(contact), flow, `${contact};expires=60`, undefined);
    expect(registrations.find('sip:phone@X.invalid')).toBe(flow);
    expect(registrations.find('sip:other@x.invalid')).toBeNull();
    expect(registrations.knows(flow)).toBe(true);
    timers.pass(60_001);
    expect(registrations.find('sip:phone@x.invalid')).toBeNull();
    expect(registrations.knows(flow)).toBe(false);
  });

  test('is not found when the connection is gone or it has unregistered', () => {
    const { flow, registrations } = setUp();
    registrations.learn(register(contact), flow, `${contact};expires=60`, undefined);
    registrations.learn(register(contact, 'Expires: 0\r\n'), flow, undefined, undefined);
    expect(registrations.find('sip:phone@x.invalid')).toBeNull();
    expect(registrations.knows(flow)).toBe(false);
    registrations.learn(register(contact), flow, `${contact};expires=60`, undefined);
    flow.fail();
    expect(registrations.find('sip:phone@x.invalid')).toBeNull();
  });

  test('does not capture the other bindings that its 2xx lists', () => {
    const { flow, registrations } = setUp();
    registrations.learn(register(contact), flow, `<sip:desk@192.0.2.1>;expires=60, ${contact};expires=60`, undefined);
    expect(registrations.find('sip:desk@192.0.2.1')).toBeNull();
  });
});

test('a UDP phone is known by its source, but reached by its Contact', () => {
  const { flow, registrations } = setUp('udp');
  registrations.learn(register('<sip:phone@192.0.2.2>'), flow, undefined, '60');
  expect([registrations.find('sip:phone@192.0.2.2'), registrations.knows(flow)]).toEqual([null, true]);
});
