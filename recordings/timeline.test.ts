import { expect, test } from '@jest/globals';
import { Timeline } from './timeline.ts';

/** Feeds 20 ms messages from `fromMs` to `toMs`, each `late` ms late. */
function feed(timeline: Timeline, fromMs: number, toMs: number, late = 0): { start: number; gap: string }[] {
  const placed = [];
  for (let at = fromMs; at < toMs; at += 20) placed.push(timeline.receive(160, at + 20 + late));
  return placed;
}

test('samples that keep coming follow each other, whatever the jitter', () => {
  const timeline = new Timeline();
  for (let index = 0; index < 500; index += 1) {
    const { start, gap } = timeline.receive(160, 1000 + index * 20 + ((index * 37) % 90));
    expect([start, gap]).toEqual([index * 160, 'none']);
  }
});

test('after a reconnect the audio is placed by the clock', () => {
  const timeline = new Timeline();
  feed(timeline, 0, 1000);
  timeline.interrupt('disconnected');
  const [first] = feed(timeline, 2500, 3000);
  expect(first).toEqual({ start: 2.5 * 8000, gap: 'disconnected' });
  expect(timeline.length).toBe(3 * 8000);
});

test('a stalled event loop, whose backlog arrives at once, is no gap', () => {
  const timeline = new Timeline();
  feed(timeline, 0, 1000);
  const late = [];
  for (let at = 1000; at < 5000; at += 20) late.push(timeline.receive(160, Math.max(at + 20, 4000)));
  expect(late.every(({ gap }) => gap === 'none')).toBe(true);
  expect(timeline.length).toBe(5 * 8000);
});

test('a party that sent nothing for a while stays in time: the hole is found within two seconds', () => {
  const timeline = new Timeline();
  feed(timeline, 0, 1000);
  const after = feed(timeline, 11_000, 16_000);
  expect(after.filter(({ gap }) => gap === 'silent')).toHaveLength(1);
  expect(timeline.length).toBe(16 * 8000);
});

test('a stream faster than the clock is believed', () => {
  const timeline = new Timeline();
  for (let index = 0; index < 1000; index += 1) expect(timeline.receive(160, 5).gap).toBe('none');
  expect(timeline.length).toBe(160_000);
});
