/* `playback` and what it shares with others that play: several files in a row, terminators, a time limit. */
import type { PlayEnd } from '../rtp/protocol.ts';
import type { Channel, Execution } from './channel.ts';

const arrayPauseMs = 250;

/** `name@@<samples>`: where to begin. */
export function splitOffset(name: string): { file: string; offset: number } {
  const [, file = name, offset = '0'] = /^(.*)@@(\d+)$/.exec(name) ?? [];
  return { file, offset: Number(offset) };
}

/** Digits that stop a playback or recording; '' for 'none'. */
export function terminatorsOf(channel: Channel): string {
  const set = channel.text('playback_terminators') ?? '*';
  if (set === 'none') return '';
  return set === 'any' ? '0123456789*#ABCD' : set;
}

/** A signal that follows `stopped` and can be aborted for other reasons. */
export function derived(stopped: AbortSignal): AbortController {
  const controller = new AbortController();
  if (stopped.aborted) controller.abort(stopped.reason);
  else
    stopped.addEventListener('abort', () => controller.abort(stopped.reason), {
      once: true,
      signal: controller.signal,
    });
  return controller;
}

/** Resolves after `ms`, sooner when `stopped`. */
export function pause(ms: number, stopped: AbortSignal): Promise<void> {
  if (stopped.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms);
    function done() {
      clearTimeout(timer);
      stopped.removeEventListener('abort', done);
      resolve();
    }
    stopped.addEventListener('abort', done);
  });
}

export async function playback(channel: Channel, { arg = '', stopped }: Execution): Promise<string> {
  const stop = derived(stopped);
  const terminators = terminatorsOf(channel);
  channel.variables.delete('playback_terminator_used');
  const endDigits =
    terminators === ''
      ? null
      : channel.readDigits((digit) => {
          if (!terminators.includes(digit)) return;
          channel.variables.set('playback_terminator_used', digit);
          stop.abort('break');
        });
  const limit = Number(channel.text('playback_timeout_sec') ?? 0);
  const timer = limit > 0 ? setTimeout(() => stop.abort('break'), limit * 1000) : undefined;
  try {
    const delimiter = channel.text('playback_delimiter');
    return await playFiles(channel, delimiter ? arg.split(delimiter) : [arg], stop.signal);
  } finally {
    clearTimeout(timer);
    endDigits?.();
    // Valid for one playback (the library sets them right before it).
    channel.variables.delete('playback_timeout_sec');
  }
}

/** Plays one after the other; a missing one among several is skipped. */
async function playFiles(channel: Channel, names: readonly string[], stopped: AbortSignal): Promise<string> {
  let last: PlayEnd | null = null;
  for (const name of names) {
    if (stopped.aborted) break;
    const { file, offset } = splitOffset(name);
    if (last !== null && last.status === 'done') await pause(arrayPauseMs, stopped);
    if (stopped.aborted) break;
    last = await channel.files.play(file, offset, stopped);
    if (last.status === 'missing' && names.length === 1) return 'FILE NOT FOUND';
  }
  return 'FILE PLAYED';
}
