/* `uuid_audio_fork` (spec section 13). */
import type { Channel } from '../channel/channel.ts';
import type { ForkCommand, ForkSettings } from '../rtp/protocol.ts';

const ok = '+OK Success\n';
const failed = '-ERR Operation Failed\n';
export const audioForkUsage =
  '-USAGE: <uuid> [start | stop | send_text | pause | resume | graceful-shutdown | stop_play] [wss-url | path] [mono | mixed | stereo] [8000 | 16000 | 24000 | 32000 | 64000] [bugname] [metadata] [bidirectionalAudio_enabled] [bidirectionalAudio_stream_enabled] [bidirectionalAudio_stream_samplerate]\n';
const defaultName = 'audio_fork';

/** `words` are the arguments after the uuid. */
export function audioFork(channel: Channel, words: readonly string[]): string {
  const [verb, ...rest] = words;
  if (verb === 'start') return start(channel, rest);
  const named = rest[0] !== undefined && channel.forks.has(rest[0]);
  const name = named ? (rest[0] as string) : defaultName;
  const text = (named ? rest[1] : rest[0]) ?? '';
  const command = toCommand(verb, text);
  if (command === null || (verb === 'send_text' && text === '')) return audioForkUsage;
  if (!channel.forks.has(name)) return failed;
  channel.media.forkCommand(name, command);
  if (command.kind === 'stop') channel.forks.delete(name);
  return ok;
}

function toCommand(verb: string | undefined, text: string): ForkCommand | null {
  switch (verb) {
    case 'stop':
    case 'send_text':
      return { kind: verb === 'stop' ? 'stop' : 'text', text };
    case 'pause':
    case 'resume':
      return { kind: verb };
    case 'graceful-shutdown':
      return { kind: 'graceful' };
    case 'stop_play':
      return { kind: 'stopPlay' };
    default:
      return null;
  }
}

function start(channel: Channel, words: readonly string[]): string {
  const [url, mix, rateText, name = '', metadata = '', enabled = 'true', streaming = 'false', playRate = ''] = words;
  const rate = rateOf(rateText);
  if (url === undefined || (mix !== 'mono' && mix !== 'mixed' && mix !== 'stereo')) return audioForkUsage;
  if (rate === null || !isSocketUrl(url)) return failed;
  const bugName = name || defaultName;
  if (channel.forks.has(bugName)) return failed;
  channel.forks.add(bugName);
  const user = channel.text('MOD_AUDIO_BASIC_AUTH_USERNAME');
  const settings: ForkSettings = {
    name: bugName,
    url,
    mix,
    rate,
    metadata,
    basicAuth: user === undefined ? '' : `${user}:${channel.text('MOD_AUDIO_BASIC_AUTH_PASSWORD') ?? ''}`,
    subprotocol: channel.text('MOD_AUDIO_FORK_SUBPROTOCOL_NAME') ?? 'audio.drachtio.org',
    allowSelfSigned: channel.text('MOD_AUDIO_FORK_ALLOW_SELFSIGNED') === 'true',
    bufferSeconds: Math.max(1, Math.min(5, Number(channel.text('MOD_AUDIO_FORK_BUFFER_SECS') ?? 2) || 2)),
    playRate: enabled === 'true' && streaming === 'true' ? (rateOf(playRate) ?? 0) : 0,
  };
  channel.media.startFork(settings);
  return ok;
}

/** Multiples of 8000, also written `8k`, `16k`. */
function rateOf(text = ''): number | null {
  const rate = /^\d+k$/.test(text) ? Number.parseInt(text, 10) * 1000 : Number(text);
  return rate >= 8000 && rate <= 64_000 && rate % 8000 === 0 ? rate : null;
}

function isSocketUrl(text: string): boolean {
  return URL.canParse(text) && /^(wss?|https?):$/.test(new URL(text).protocol);
}
