import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { CallView, ServerMessage } from '../../../app/api-types.ts';
import { focusedCall } from './focus.ts';
import { dropEnded, Gap, type LiveState, nothingYet, receive } from './state.ts';

// As much of a call as the state looks at.
const aCall = (over: Partial<CallView>) =>
  ({
    callId: 'a',
    state: 'ringing',
    startedAt: '2026-11-22T15:00:00.000Z',
    answeredAt: null,
    talkingSince: null,
    endedAt: null,
    line: '+12025550100',
    lineName: null,
    callerNumber: '+12025550143',
    callerName: null,
    match: 'none',
    assurance: 0,
    assuranceBecause: null,
    candidates: [],
    patientId: null,
    chosenBy: null,
    card: null,
    intent: null,
    ringing: [],
    transferredBy: null,
    extensions: ['201'],
    answeredBy: null,
    decision: null,
    recording: 'off',
    outcome: null,
    ...over,
  }) as CallView;
const health = { signaling: true, media: true, database: true, ehr: true, recorder: true };
const snapshot = (sequence: number, calls: CallView[]): ServerMessage => ({
  kind: 'snapshot',
  stream: 's',
  sequence,
  calls,
  health,
});
const all = (messages: ServerMessage[]): LiveState => messages.reduce(receive, nothingYet);

describe('receiving', () => {
  test('a call changes in place; an old message changes nothing; a missing one is noticed', () => {
    const call = aCall({ callId: 'a' });
    const state = all([snapshot(4, [call]), { kind: 'call', sequence: 5, call: { ...call, state: 'talking' } }]);
    expect(state).toMatchObject({ sequence: 5, connection: 'live', calls: [{ callId: 'a', state: 'talking' }] });
    expect(receive(state, { kind: 'call', sequence: 5, call })).toBe(state);
    expect(() => receive(state, { kind: 'call', sequence: 7, call })).toThrow(Gap);
    expect(() => receive(state, { kind: 'beat', sequence: 6 })).toThrow(Gap);
    expect(receive(state, { kind: 'beat', sequence: 5 })).toBe(state);
  });

  test('wherever the connection breaks, catching up gives the same screen as never having left', () => {
    const call = aCall({ callId: 'a' });
    const messages: ServerMessage[] = Array.from({ length: 12 }, (_, i) => ({
      kind: 'call',
      sequence: i + 1,
      call: { ...call, callId: `call-${i % 3}`, intent: `step ${i}` },
    }));
    const whole = all([snapshot(0, []), ...messages]);
    fc.assert(
      fc.property(fc.nat(12), fc.nat(3), (cut, overlap) => {
        const before = all([snapshot(0, []), ...messages.slice(0, cut)]);
        const caughtUp = messages.slice(Math.max(0, cut - overlap)).reduce(receive, before);
        expect(caughtUp).toEqual(whole);
      }),
    );
  });

  test('ended calls leave after a while', () => {
    const ended = aCall({ state: 'ended', endedAt: '2026-11-22T15:00:00.000Z' });
    const state = all([snapshot(1, [ended])]);
    expect(dropEnded(state, Date.parse('2026-11-22T15:00:07.000Z'))).toBe(state);
    expect(dropEnded(state, Date.parse('2026-11-22T15:00:08.000Z')).calls).toEqual([]);
  });
});

describe('the large card shows', () => {
  const at = (second: number) => `2026-11-22T15:00:0${second}.000Z`;
  const theirs = aCall({ callId: 'theirs', extensions: ['202'], startedAt: at(1) });
  const mine = aCall({ callId: 'mine', extensions: ['201'], startedAt: at(2) });
  const me = { extension: '201' };

  test.each([
    ['my ringing call before an older one that rings others', [theirs, mine], null, 'mine'],
    [
      'the call I speak on, whatever rings me',
      [{ ...mine, callId: 'talk', state: 'talking' as const }, mine],
      null,
      'talk',
    ],
    ['what I picked', [theirs, mine], 'theirs', 'theirs'],
    ['what rings, when my pick is gone', [theirs], 'mine', 'theirs'],
    [
      'a ringing call before one that others speak on',
      [
        { ...theirs, state: 'talking' as const },
        { ...theirs, callId: 'new' },
      ],
      null,
      'new',
    ],
    ['nothing when there is no call', [], null, undefined],
  ])('%s', (_what, calls, picked, expected) => {
    expect(focusedCall(calls, me, picked)?.callId).toBe(expected);
  });
});
