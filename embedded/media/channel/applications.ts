/* The applications that `execute` can start, by name. */

import { causeOf } from './causes.ts';
import type { Application, Channel, Execution } from './channel.ts';
import { playAndGetDigits } from './collect.ts';
import { pause, playback } from './playback.ts';
import { record, recordSession, stopRecordSession } from './record.ts';

const defaultDigitMs = 100;

function assign(channel: Channel, text: string): void {
  const at = text.indexOf('=');
  const name = (at < 0 ? text : text.slice(0, at)).trim();
  const value = at < 0 ? '' : text.slice(at + 1);
  if (name === '') return;
  if (value === '' || value === '_undef_') channel.variables.delete(name);
  else channel.variables.set(name, value);
  if (name === 'rtp_timeout_sec' || name === 'media_timeout') channel.media.setTimeout(Math.max(0, Number(value) || 0));
}

/** Sets one variable, with the effects that some have. */
export const setVariable = assign;

/** `a=1 b=2`, or with another separator: `^^;a=1;b=2`. */
function multiset(channel: Channel, { arg = '' }: Execution): string {
  const separator = arg.startsWith('^^') ? (arg[2] ?? ' ') : ' ';
  const text = arg.startsWith('^^') ? arg.slice(3) : arg;
  for (const pair of text.split(separator)) assign(channel, pair);
  return '';
}

function exportVariable(channel: Channel, { arg = '' }: Execution): string {
  assign(channel, arg);
  const name = arg.split('=')[0] ?? '';
  const known = channel.text('export_vars');
  channel.variables.set('export_vars', known ? `${known},${name}` : name);
  return '';
}

/** `read|write|both true|false`. */
function setMute(channel: Channel, { arg = '' }: Execution): string {
  const [direction, value = 'true'] = arg.trim().split(/\s+/);
  const muted = !/^(false|off|no|0)$/i.test(value);
  if (direction !== 'write') channel.media.mute('read', muted);
  if (direction === 'write' || direction === 'both') channel.media.mute('write', muted);
  return '';
}

/** `12#@200`: digits, each so many milliseconds long. */
function sendDtmf(channel: Channel, { arg = '' }: Execution): string {
  const [digits = '', duration] = arg.trim().split('@');
  channel.media.sendDigits(digits, Number(duration) || defaultDigitMs);
  return '';
}

async function waitForever({ stopped }: Execution): Promise<string> {
  if (!stopped.aborted) await new Promise((resolve) => stopped.addEventListener('abort', resolve, { once: true }));
  return '';
}

async function sleep(_channel: Channel, { arg, stopped }: Execution): Promise<string> {
  await pause(Number(arg) || 0, stopped);
  return '';
}

async function endlessPlayback(channel: Channel, execution: Execution): Promise<string> {
  while (!execution.stopped.aborted) {
    if ((await playback(channel, execution)) !== 'FILE PLAYED') return 'FILE NOT FOUND';
    await pause(20, execution.stopped);
  }
  return 'FILE PLAYED';
}

/** An application that is done at once and has no response of its own. */
function instant(run: (channel: Channel, arg: string, execution: Execution) => void): Application {
  return (channel, execution) => {
    run(channel, execution.arg ?? '', execution);
    return '';
  };
}

/** Does nothing and succeeds; `say` and `speak` do the same on a server without voices (spec section 6). */
const nothing: Application = () => '';

export const applications: ReadonlyMap<string, Application> = new Map<string, Application>([
  ['playback', playback],
  ['endless_playback', endlessPlayback],
  [
    'gentones',
    (channel, execution) => playback(channel, { ...execution, arg: `tone_stream://${execution.arg ?? ''}` }),
  ],
  ['play_and_get_digits', playAndGetDigits],
  ['record', record],
  ['record_session', recordSession],
  ['stop_record_session', stopRecordSession],
  ['set', instant(assign)],
  ['multiset', multiset],
  ['export', exportVariable],
  ['unset', instant((channel, arg) => channel.variables.delete(arg.trim()))],
  ['set_mute', setMute],
  ['send_dtmf', sendDtmf],
  ['break', instant((channel, arg, execution) => channel.break(arg === 'all', execution))],
  ['park', (_channel, execution) => waitForever(execution)],
  ['sleep', sleep],
  ['hangup', instant((channel, arg) => channel.hangup(causeOf(arg)))],
  ['answer', nothing],
  ['pre_answer', nothing],
  ['start_dtmf', instant((channel) => channel.media.listenForTones(true))],
  ['stop_dtmf', instant((channel) => channel.media.listenForTones(false))],
  ['flush_dtmf', nothing],
  ['log', nothing],
  ['info', nothing],
  ['say', nothing],
  ['speak', nothing],
]);
