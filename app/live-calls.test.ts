import { afterEach, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { arrivingCall, LiveCalls, type LiveMessage } from './live-calls.ts';

const call = (callId: string) => arrivingCall({ callId, startedAt: '2026-11-22T15:00:00.000Z', line: '+12025550100' });
afterEach(() => {
  jest.useRealTimers();
});

test('tells watchers each change once, and nothing when nothing changed', () => {
  const calls = new LiveCalls();
  const seen: LiveMessage[] = [];
  const stop = calls.subscribe((message) => seen.push(message));
  calls.start(call('a'));
  calls.update('a', (now) => now);
  calls.update('unknown', (now) => ({ ...now, state: 'ringing' }));
  calls.update('a', (now) => ({ ...now, state: 'ringing' }));
  stop();
  calls.update('a', (now) => ({ ...now, state: 'talking' }));
  expect(seen).toMatchObject([
    { sequence: 1, call: { state: 'arriving' } },
    { sequence: 2, call: { state: 'ringing' } },
  ]);
  expect(calls.snapshot()).toMatchObject({ sequence: 3, calls: [{ state: 'talking' }] });
});

test('a watcher that throws harms neither the call nor other watchers', () => {
  const errors: unknown[] = [];
  const calls = new LiveCalls({ onListenerError: (error) => errors.push(error) });
  const seen: number[] = [];
  calls.subscribe(() => {
    throw new Error('screen broke');
  });
  calls.subscribe((message) => seen.push(message.sequence));
  calls.start(call('a'));
  expect(seen).toEqual([1]);
  expect(errors).toHaveLength(1);
});

test('an ended call is told, stays for a while, then leaves; a late chart changes nothing', () => {
  jest.useFakeTimers();
  const calls = new LiveCalls({ endedLingerMs: 10_000 });
  calls.start(call('a'));
  calls.update('a', (now) => ({ ...now, state: 'ended', outcome: 'abandoned' }));
  jest.advanceTimersByTime(9_999);
  expect(calls.snapshot().calls).toHaveLength(1);
  jest.advanceTimersByTime(1);
  expect(calls.snapshot().calls).toEqual([]);
  calls.update('a', (now) => ({ ...now, intent: 'refill' }));
  expect(calls.sequence).toBe(2);
});

test('health is told when it changes', () => {
  const calls = new LiveCalls();
  const up = { signaling: true, media: true, database: true, ehr: true, recorder: true };
  calls.setHealth(up);
  calls.setHealth({ ...up });
  calls.setHealth({ ...up, ehr: false });
  expect(calls.sequence).toBe(2);
  expect(calls.health.ehr).toBe(false);
});

describe('coming back', () => {
  test('a screen that has seen up to any message gets exactly the rest, or is told to start anew', () => {
    fc.assert(
      fc.property(fc.nat(30), fc.integer({ min: 1, max: 10 }), fc.nat(40), (happened, keep, seen) => {
        const calls = new LiveCalls({ keep });
        calls.start(call('a'));
        for (let i = 1; i < happened; i++) calls.update('a', (now) => ({ ...now, intent: `step ${i}` }));
        const total = calls.sequence;
        const missed = calls.since(calls.stream, seen);
        if (seen > total || total - seen > keep) expect(missed).toBeNull();
        else {
          const expected = Array.from({ length: total - seen }, (_, i) => seen + 1 + i);
          expect(missed?.map((message) => message.sequence)).toEqual(expected);
        }
      }),
    );
  });

  test('to another run starts anew', () => {
    expect(new LiveCalls().since('another', 0)).toBeNull();
  });
});
