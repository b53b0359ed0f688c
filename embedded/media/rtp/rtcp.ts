/* RTCP sender and receiver reports with a CNAME (RFC 3550 §6.4, §6.5). */
import { putWord } from './packet.ts';
import type { Reception } from './reception.ts';

const senderReport = 200;
const receiverReport = 201;
const sourceDescription = 202;
const ntpEpochSeconds = 2_208_988_800;

export type SenderInfo = {
  readonly ssrc: number;
  readonly timestamp: number;
  readonly packets: number;
  readonly bytes: number;
};
type ReportBlock = { readonly lost: number; readonly jitterTicks: number };

/** A compound packet: SR (RR when nothing was sent yet) with a report on `reception`, and SDES. */
export function buildReport(sender: SenderInfo, reception: Reception, nowMs: number): Uint8Array {
  const withBlock = reception.packets > 0;
  const sending = sender.packets > 0;
  const reportBytes = 8 + (sending ? 20 : 0) + (withBlock ? 24 : 0);
  const packet = new Uint8Array(reportBytes + 20);
  packet[0] = 0x80 | (withBlock ? 1 : 0);
  packet[1] = sending ? senderReport : receiverReport;
  packet[3] = reportBytes / 4 - 1;
  putWord(packet, 4, sender.ssrc);
  let at = 8;
  if (sending) {
    const seconds = nowMs / 1000 + ntpEpochSeconds;
    putWord(packet, at, Math.floor(seconds) >>> 0);
    putWord(packet, at + 4, Math.floor((seconds % 1) * 0x100000000) >>> 0);
    putWord(packet, at + 8, sender.timestamp);
    putWord(packet, at + 12, sender.packets >>> 0);
    putWord(packet, at + 16, sender.bytes >>> 0);
    at += 20;
  }
  if (withBlock) {
    putWord(packet, at, reception.ssrc);
    putWord(packet, at + 4, ((reception.fractionLost() << 24) | Math.min(reception.lost, 0x7fffff)) >>> 0);
    putWord(packet, at + 8, reception.highest >>> 0);
    putWord(packet, at + 12, reception.jitterTicks);
    at += 24;
  }
  writeCname(packet, at, sender.ssrc);
  return packet;
}

function writeCname(packet: Uint8Array, at: number, ssrc: number): void {
  packet[at] = 0x81;
  packet[at + 1] = sourceDescription;
  packet[at + 3] = 4;
  putWord(packet, at + 4, ssrc);
  packet[at + 8] = 1;
  packet[at + 9] = 8;
  const name = ssrc.toString(16).padStart(8, '0');
  for (let i = 0; i < 8; i++) packet[at + 10 + i] = name.charCodeAt(i);
}

/** The block about `ssrc` in a received compound packet, or null. */
export function readReport(packet: Uint8Array, ssrc: number): ReportBlock | null {
  const view = new DataView(packet.buffer, packet.byteOffset, packet.length);
  for (let at = 0; at + 8 <= packet.length; ) {
    if ((packet[at] as number) >> 6 !== 2) return null;
    const type = packet[at + 1];
    const length = (view.getUint16(at + 2) + 1) * 4;
    const end = Math.min(at + length, packet.length);
    if (type === senderReport || type === receiverReport) {
      let block = at + (type === senderReport ? 28 : 8);
      for (let count = (packet[at] as number) & 0x1f; count > 0 && block + 24 <= end; count--, block += 24) {
        if (view.getUint32(block) === ssrc) {
          return { lost: view.getUint32(block + 4) & 0xffffff, jitterTicks: view.getUint32(block + 12) };
        }
      }
    }
    at += length;
  }
  return null;
}
