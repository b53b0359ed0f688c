/* The api commands (spec section 12): `name arguments` to the text that is answered. */

import { setVariable } from '../channel/applications.ts';
import { causeOf } from '../channel/causes.ts';
import type { Channel } from '../channel/channel.ts';
import { splitArguments } from './arguments.ts';
import { audioFork, audioForkUsage } from './audio-fork.ts';
import { mediaVariables } from './media-stats.ts';

export type ApiHost = {
  channel(uuid: string): Channel | undefined;
  channels(): Iterable<Channel>;
  /** Body of `sofia status` and `status`. */
  sofiaStatus(): string;
  status(): string;
  /** `conference ...` without its first word. */
  conference(words: readonly string[]): string;
};

const ok = '+OK\n';
const noChannel = '-ERR No such channel!\n';

type Command = (host: ApiHost, words: readonly string[], rest: string) => string | Promise<string>;

/** Makes a command whose first argument must be a living channel. */
function onChannel(
  run: (channel: Channel, words: readonly string[], host: ApiHost) => string | Promise<string>,
): Command {
  return (host, [uuid = '', ...words]) => {
    const channel = host.channel(uuid);
    return channel === undefined || channel.ended ? noChannel : run(channel, words, host);
  };
}

/** A command that only does something to a channel. */
const doing = (run: (channel: Channel, words: readonly string[]) => void): Command =>
  onChannel((channel, words) => {
    run(channel, words);
    return ok;
  });

function setvars(channel: Channel, words: readonly string[]): void {
  for (const pair of words.join(' ').split(';')) setVariable(channel, pair);
}

function sendDigits(channel: Channel, [text = '']: readonly string[]): void {
  const [digits = '', duration] = text.split('@');
  channel.media.sendDigits(digits, Number(duration) || 100);
}

function bridge(host: ApiHost, [first = '', second = '']: readonly string[]): string {
  const one = host.channel(first);
  const other = host.channel(second);
  if (one === undefined || other === undefined || one === other || one.ended || other.ended)
    return '-ERR Invalid uuid\n';
  one.bridge(other);
  return `+OK ${other.uuid}\n`;
}

/** Only `[-both|-bleg] park [inline]` leads anywhere here. */
function transfer(channel: Channel, words: readonly string[]): string {
  const both = words[0] === '-both';
  const bleg = words[0] === '-bleg';
  const target = bleg ? channel.bridgedTo : channel;
  if (target === null) return '-ERR Invalid uuid\n';
  target.break(true);
  target.unbridge(both);
  return ok;
}

function setvar(channel: Channel, [name = '', ...value]: readonly string[]): string {
  if (name === '') return '-USAGE: <uuid> <var> [value]\n';
  setVariable(channel, `${name}=${value.join(' ')}`);
  return ok;
}

async function setMediaStats(channel: Channel): Promise<string> {
  for (const [name, value] of mediaVariables(await channel.media.stats())) channel.variables.set(name, value);
  return '+OK:\n';
}

/** `uuid_audio <uuid> start|stop read|write mute <level>`: a negative level, 1 or none mutes. */
function audio(channel: Channel, [verb, direction = 'read', , level = '1']: readonly string[]): string {
  channel.media.mute(direction === 'write' ? 'write' : 'read', verb === 'start' && level !== '0');
  return ok;
}

const commands: ReadonlyMap<string, Command> = new Map<string, Command>([
  ['sofia', (host, words) => (words[0] === 'status' ? host.sofiaStatus() : '-USAGE: sofia status\n')],
  ['status', (host) => host.status()],
  ['version', () => 'Chartline embedded media engine\n'],
  ['uuid_break', doing((channel, [scope]) => channel.break(scope === 'all'))],
  ['uuid_bridge', bridge],
  ['uuid_transfer', onChannel(transfer)],
  ['uuid_park', onChannel((channel) => transfer(channel, []))],
  ['uuid_kill', doing((channel, [cause = '']) => channel.hangup(causeOf(cause), 'kill'))],
  ['uuid_exists', (host, [uuid = '']) => String(host.channel(uuid) !== undefined)],
  ['uuid_getvar', onChannel((channel, [name = '']) => channel.text(name) ?? '_undef_')],
  ['uuid_setvar', onChannel(setvar)],
  ['uuid_setvar_multi', doing(setvars)],
  ['uuid_dump', onChannel((channel) => channel.dump())],
  ['uuid_set_media_stats', onChannel(setMediaStats)],
  ['uuid_audio', onChannel(audio)],
  ['uuid_send_dtmf', doing(sendDigits)],
  [
    'uuid_audio_fork',
    (host, [uuid = '', ...words]) => {
      const channel = host.channel(uuid);
      if (words.length === 0) return audioForkUsage;
      return channel === undefined || channel.ended ? '-ERR Operation Failed\n' : audioFork(channel, words);
    },
  ],
  ['conference', (host, words) => host.conference(words)],
  ['show', (host, words) => showChannels(host, words)],
]);

function showChannels(host: ApiHost, words: readonly string[]): string {
  if (words[0] !== 'channels' && words[0] !== 'calls') return '-USAGE: show channels\n';
  const channels = [...host.channels()];
  const rows = words.includes('count')
    ? []
    : channels.map(({ uuid, name, callState }) => `${uuid},${name},${callState}\n`);
  return `${rows.join('')}\n${channels.length} total.\n`;
}

/** Runs one command line. */
export async function runApi(host: ApiHost, line: string): Promise<string> {
  const [name = ''] = line.trim().split(/\s/, 1);
  const rest = line.trim().slice(name.length).trim();
  const command = commands.get(name.toLowerCase());
  if (command === undefined) return `-ERR ${name} Command not found!\n`;
  return await command(host, splitArguments(rest), rest);
}
