import { parse, write } from 'sdp-transform';
import type { Law } from '../media/rtp/g711.ts';

/** What a phone must know of the other side's SDP. */
export type RemoteMedia = {
  readonly address: string;
  readonly port: number;
  readonly law: Law;
  /** RTP payload type of telephone-event, null when the peer takes none. */
  readonly eventType: number | null;
  /** As the peer wrote it: what it does. */
  readonly direction: Direction;
};
export type Direction = 'sendrecv' | 'sendonly' | 'recvonly' | 'inactive';

/** RFC 3264 §6.1: our answer to what the peer does. */
const mirrored: Readonly<Record<Direction, Direction>> = {
  sendrecv: 'sendrecv',
  sendonly: 'recvonly',
  recvonly: 'sendonly',
  inactive: 'inactive',
};

const payloads: Readonly<Record<Law, number>> = { PCMU: 0, PCMA: 8 };

/** Our answer to an offer: its law and event type, its direction mirrored. */
export function answerSdp(address: string, port: number, { law, eventType, direction }: RemoteMedia): string {
  return composeSdp(address, port, [law], eventType ?? 101, mirrored[direction]);
}

/** An offer of one G.711 audio stream with RFC 4733 events. */
export function composeSdp(
  address: string,
  port: number,
  laws: readonly Law[],
  eventType = 101,
  direction: Direction = 'sendrecv',
): string {
  return write({
    version: 0,
    origin: { username: '-', sessionId: Date.now(), sessionVersion: 1, netType: 'IN', ipVer: 4, address },
    name: '-',
    connection: { version: 4, ip: address },
    timing: { start: 0, stop: 0 },
    media: [
      {
        type: 'audio',
        port,
        protocol: 'RTP/AVP',
        payloads: [...laws.map((law) => payloads[law]), eventType].join(' '),
        rtp: [
          ...laws.map((law) => ({ payload: payloads[law], codec: law, rate: 8000 })),
          { payload: eventType, codec: 'telephone-event', rate: 8000 },
        ],
        fmtp: [{ payload: eventType, config: '0-15' }],
        ptime: 20,
        direction,
      },
    ],
  });
}

/** The first audio stream that carries G.711, or null when there is none. */
export function readSdp(sdp: string): RemoteMedia | null {
  const session = parse(sdp);
  for (const media of session.media) {
    const address = media.connection?.ip ?? session.connection?.ip;
    const offered = String(media.payloads ?? '').split(' ');
    const law = offered.map((type) => ({ 0: 'PCMU', 8: 'PCMA' })[type]).find((name) => name !== undefined);
    if (media.type !== 'audio' || !law || !address || media.port === 0 || media.protocol !== 'RTP/AVP') continue;
    const event = media.rtp.find((rtp) => rtp.codec.toLowerCase() === 'telephone-event');
    const direction = (media.direction ?? session.direction ?? 'sendrecv') as Direction;
    return { address, port: media.port, law: law as Law, eventType: event?.payload ?? null, direction };
  }
  return null;
}
