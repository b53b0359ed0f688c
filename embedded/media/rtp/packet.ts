/* RTP fixed header (RFC 3550 §5.1), read and written in place. */

export const rtpHeaderBytes = 12;

/** Offset of the payload, or -1 when the buffer is no RTP packet (version, lengths, padding are checked). */
export function payloadOffset(packet: Uint8Array): number {
  if (packet.length < rtpHeaderBytes || (packet[0] as number) >> 6 !== 2) return -1;
  const first = packet[0] as number;
  let offset = rtpHeaderBytes + (first & 0x0f) * 4;
  if (first & 0x10) {
    if (packet.length < offset + 4) return -1;
    offset += 4 + (((packet[offset + 2] as number) << 8) | (packet[offset + 3] as number)) * 4;
  }
  return offset <= packet.length ? offset : -1;
}

/** Bytes of payload from `offset`, without RFC 3550 padding; -1 when the padding lies. */
export function payloadLength(packet: Uint8Array, offset: number): number {
  const length = packet.length - offset;
  if (!((packet[0] as number) & 0x20)) return length;
  const padding = packet[packet.length - 1] as number;
  return padding > 0 && padding <= length ? length - padding : -1;
}

export const payloadType = (packet: Uint8Array): number => (packet[1] as number) & 0x7f;
export const marker = (packet: Uint8Array): boolean => ((packet[1] as number) & 0x80) !== 0;
export const sequence = (packet: Uint8Array): number => ((packet[2] as number) << 8) | (packet[3] as number);
export const timestamp = (packet: Uint8Array): number => word(packet, 4);
export const ssrc = (packet: Uint8Array): number => word(packet, 8);

function word(packet: Uint8Array, at: number): number {
  return (
    (((packet[at] as number) << 24) |
      ((packet[at + 1] as number) << 16) |
      ((packet[at + 2] as number) << 8) |
      (packet[at + 3] as number)) >>>
    0
  );
}

/** Writes a header without CSRC, extension or padding into the first 12 bytes of `packet`. */
export function writeHeader(
  packet: Uint8Array,
  type: number,
  mark: boolean,
  seq: number,
  time: number,
  source: number,
): void {
  packet[0] = 0x80;
  packet[1] = mark ? type | 0x80 : type;
  packet[2] = (seq >> 8) & 0xff;
  packet[3] = seq & 0xff;
  putWord(packet, 4, time);
  putWord(packet, 8, source);
}

export function putWord(packet: Uint8Array, at: number, value: number): void {
  packet[at] = value >>> 24;
  packet[at + 1] = (value >>> 16) & 0xff;
  packet[at + 2] = (value >>> 8) & 0xff;
  packet[at + 3] = value & 0xff;
}
