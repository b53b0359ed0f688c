/*
 * Offer and answer (RFC 3264) for one audio stream, as this server negotiates: one codec is answered, our first
 * preference that the offer has, plus telephone-event under the offer's payload type. Pure.
 */
import { isIPv4 } from 'node:net';
import { parse } from 'sdp-transform';
import type { Law } from '../rtp/g711.ts';
import { payloadTypeOf } from '../rtp/g711.ts';
import type { MediaSettings } from '../rtp/protocol.ts';

/** Our side of a session: fixed for its life but for the version, which rises with each answer. */
export type LocalSession = {
  readonly host: string;
  readonly port: number;
  readonly id: number;
  readonly version: number;
};

export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

export type Negotiated = {
  readonly kind: 'answer';
  /** Our SDP. */
  readonly sdp: string;
  readonly media: MediaSettings;
  /** The direction that we answer. */
  readonly direction: Direction;
  /** Codec names of the offer that we know, in its order. */
  readonly offered: readonly Law[];
};

/** Why an offer is not taken; `warning` is a warn-code and text (RFC 3261 §20.43). */
export type Refused = { readonly kind: 'refused'; readonly warning: string };

type Audio = ReturnType<typeof parse>['media'][number];

const preference: readonly Law[] = ['PCMU', 'PCMA'];
const originName = 'Chartline-Media';
const answered: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

/** Our answer to `offer`, or to what a peer answered to our own offer: the rules are the same for one codec. */
export function negotiate(offer: string, local: LocalSession): Negotiated | Refused {
  const session = readSdp(offer);
  if (session === null) return refused('399 the session description cannot be read');
  const audio = session.media.find((media) => media.type === 'audio');
  if (audio === undefined) return refused('305 no audio stream');
  const lie = findLie(audio, session.connection?.ip);
  if (lie !== null) return lie;
  const types = payloadTypes(audio);
  const offered = preferenceIn(audio, types);
  const law = preference.find((name) => offered.includes(name));
  if (law === undefined) return refused('305 no common codec: PCMU and PCMA are supported');
  const host = audio.connection?.ip ?? session.connection?.ip ?? '';
  const theirs = directionOf(audio.direction ?? (session as { direction?: string }).direction, host);
  const direction = answered[theirs];
  const ptimeMs = ptimeOf(audio);
  const eventType = eventTypeOf(audio, types);
  const isSelf = host === local.host && audio.port === local.port;
  const media: MediaSettings = {
    law,
    eventType,
    ptimeMs,
    remoteHost: host,
    remotePort: audio.port,
    rtcpPort: audio.rtcp?.port ?? audio.port + 1,
    send: !isSelf && (direction === 'sendrecv' || direction === 'sendonly'),
    receive: !isSelf && (direction === 'sendrecv' || direction === 'recvonly'),
  };
  const lines = session.media.map((one) =>
    one === audio ? audioLines(local, [law], eventType, ptimeMs, direction) : refusedLine(one),
  );
  return { kind: 'answer', sdp: `${sessionLines(local)}${lines.join('')}`, media, direction, offered };
}

/** What we offer when the INVITE had none: one plain RTP line. */
export function offerSdp(local: LocalSession): string {
  return `${sessionLines(local)}${audioLines(local, preference, 101, 20, 'sendrecv')}`;
}

function sessionLines({ host, id, version }: LocalSession): string {
  return `v=0\r\no=${originName} ${id} ${version} IN IP4 ${host}\r\ns=${originName}\r\nc=IN IP4 ${host}\r\nt=0 0\r\n`;
}

function audioLines(
  local: LocalSession,
  laws: readonly Law[],
  eventType: number | null,
  ptimeMs: number,
  direction: Direction,
): string {
  const types = [...laws.map((law) => payloadTypeOf[law]), ...(eventType === null ? [] : [eventType])];
  const maps = laws.map((law) => `a=rtpmap:${payloadTypeOf[law]} ${law}/8000\r\n`).join('');
  const event = eventType === null ? '' : `a=rtpmap:${eventType} telephone-event/8000\r\na=fmtp:${eventType} 0-15\r\n`;
  const way = direction === 'sendrecv' ? '' : `a=${direction}\r\n`;
  return `m=audio ${local.port} RTP/AVP ${types.join(' ')}\r\n${maps}${event}${way}a=ptime:${ptimeMs}\r\n`;
}

/** A stream that we do not take (RFC 3264 §6): port zero, some format. */
function refusedLine(media: Audio): string {
  const format = String(media.payloads ?? '0').split(' ')[0] || '0';
  return `m=${media.type} 0 ${media.protocol} ${media.type === 'video' ? '19' : format}\r\n`;
}

function readSdp(text: string): ReturnType<typeof parse> | null {
  if (!text.startsWith('v=0')) return null;
  try {
    return parse(text);
  } catch {
    return null;
  }
}

/** What an honest peer does not write. SDP that asks us to send to a group or to nowhere is refused, not corrected. */
function findLie(audio: Audio, sessionHost: string | undefined): Refused | null {
  if (!/^RTP\/AVPF?$/.test(audio.protocol))
    return refused(`302 transport ${audio.protocol.slice(0, 20)} is not supported`);
  if (!Number.isInteger(audio.port) || audio.port < 1 || audio.port > 65534)
    return refused('399 the audio port is not usable');
  const host = audio.connection?.ip ?? sessionHost;
  if (host === undefined || !isIPv4(host)) return refused('301 an IPv4 address is needed');
  const [first = 0] = host.split('.').map(Number);
  if (first >= 224) return refused('301 multicast and broadcast are not supported');
  const ptime = audio.ptime;
  if (ptime !== undefined && !(ptime >= 10 && ptime <= 200)) return refused('399 the packet time is not usable');
  return null;
}

function payloadTypes(audio: Audio): number[] {
  return String(audio.payloads ?? '')
    .split(' ')
    .map(Number)
    .filter(Number.isInteger);
}

/** The laws that are offered under their static types; an rtpmap that renames a static type counts as written. */
function preferenceIn(audio: Audio, types: readonly number[]): Law[] {
  const laws: Law[] = [];
  for (const type of types) {
    const map = audio.rtp.find(({ payload }) => payload === type);
    const law = preference.find((name) => payloadTypeOf[name] === type);
    if (law !== undefined && (map === undefined || (map.codec.toUpperCase() === law && map.rate === 8000)))
      laws.push(law);
  }
  return laws;
}

function eventTypeOf(audio: Audio, types: readonly number[]): number | null {
  const event = audio.rtp.find(
    ({ payload, codec, rate }) => /^telephone-event$/i.test(codec) && rate === 8000 && types.includes(payload),
  );
  return event !== undefined && event.payload >= 96 && event.payload <= 127 ? event.payload : null;
}

/** 10 to 60 ms are honoured; anything else that is not absurd gets 20. */
function ptimeOf({ ptime }: Audio): number {
  return ptime !== undefined && ptime <= 60 && ptime % 10 === 0 ? ptime : 20;
}

/** RFC 3264 §8.4: the old way to hold is the address 0.0.0.0. */
function directionOf(direction: string | undefined, host: string): Direction {
  if (host === '0.0.0.0') return 'inactive';
  return direction === 'sendonly' || direction === 'recvonly' || direction === 'inactive' ? direction : 'sendrecv';
}

const refused = (warning: string): Refused => ({ kind: 'refused', warning });
