/*
 * The one RTP stream that we send to a party: a single SSRC with continuous sequence numbers and timestamps, whether
 * the packets are made here on the clock (prompts, silence, digits) or passed on from the other party of a bridge.
 */
import { encode, type Law, payloadTypeOf, silenceByte } from './g711.ts';
import { frameSamples } from './jitter-buffer.ts';
import { rtpHeaderBytes, writeHeader } from './packet.ts';

const capacity = rtpHeaderBytes + 1024;
/** Packets in use at once: a send that did not finish synchronously may still read the last ones. */
const buffers = 4;

export type Send = (packet: Buffer, length: number) => void;

/** A packet of the other party, as far as passing it on goes. */
export type Passed = {
  ssrc: number;
  sequence: number;
  timestamp: number;
  marker: boolean;
  payload: Buffer;
  offset: number;
  length: number;
};

export class OutStream {
  readonly ssrc: number;
  readonly #send: Send;
  readonly #packets: Buffer[];
  #index = 0;
  #sequence = Math.floor(Math.random() * 0x8000);
  #timestamp = Math.floor(Math.random() * 0x80000000);
  #filled = 0;
  #mark = true;
  #eventTimestamp = 0;
  #passing = false;
  #passedSsrc = 0;
  #sequenceShift = 0;
  #timestampShift = 0;
  packetSamples = frameSamples;
  packets = 0;
  bytes = 0;
  events = 0;

  constructor(ssrc: number, send: Send) {
    this.ssrc = ssrc;
    this.#send = send;
    this.#packets = Array.from({ length: buffers }, () => Buffer.alloc(capacity));
  }

  /** Timestamp of the next sample. */
  get timestamp(): number {
    return this.#timestamp;
  }

  /** The next packet begins a talkspurt. */
  mark(): void {
    this.#mark = true;
  }

  frame(law: Law, pcm: Int16Array): void {
    this.stopPassing(0);
    encode(law, pcm, frameSamples, this.#packet, rtpHeaderBytes + this.#filled);
    this.#commit(payloadTypeOf[law]);
  }

  silence(law: Law): void {
    const at = rtpHeaderBytes + this.#filled;
    this.#packet.fill(silenceByte[law], at, at + frameSamples);
    this.#commit(payloadTypeOf[law]);
  }

  /** A frame of time in which nothing is sent. */
  skip(): void {
    this.#leaveGap();
    this.#timestamp = (this.#timestamp + frameSamples) >>> 0;
  }

  /** A telephone-event packet of our own; all of one event carry the timestamp of its start (RFC 4733 §2.1). */
  event(type: number, payload: Uint8Array, start: boolean): void {
    this.stopPassing(0);
    this.#leaveGap();
    if (start) this.#eventTimestamp = this.#timestamp;
    const packet = this.#packet;
    writeHeader(packet, type, start, this.#sequence, this.#eventTimestamp, this.ssrc);
    packet.set(payload, rtpHeaderBytes);
    this.#sequence = (this.#sequence + 1) & 0xffff;
    this.#timestamp = (this.#timestamp + frameSamples) >>> 0;
    this.#emit(payload.length);
    this.events += 1;
  }

  /** Passes audio on; `table` translates between laws. */
  passAudio(passed: Passed, law: Law, table: Uint8Array | null): void {
    if (passed.length > capacity - rtpHeaderBytes) return;
    const time = this.#align(passed, -8000);
    const packet = this.#packet;
    const { payload, offset, length } = passed;
    if (table === null) payload.copy(packet, rtpHeaderBytes, offset, offset + length);
    else for (let i = 0; i < length; i++) packet[rtpHeaderBytes + i] = table[payload[offset + i] as number] as number;
    this.#pass(passed, payloadTypeOf[law], time);
    const end = (time + length) >>> 0;
    if (((end - this.#timestamp) | 0) > 0) this.#timestamp = end;
  }

  /** Passes a telephone-event on under our payload type. */
  passEvent(passed: Passed, type: number): void {
    if (passed.length > 64) return;
    const time = this.#align(passed, -0x20000);
    passed.payload.copy(this.#packet, rtpHeaderBytes, passed.offset, passed.offset + passed.length);
    this.#pass(passed, type, time);
    this.events += 1;
  }

  /** The other party has been quiet for `frames`: time went on, the clock takes over. */
  stopPassing(frames: number): void {
    if (!this.#passing) return;
    this.#passing = false;
    this.#timestamp = (this.#timestamp + frames * frameSamples) >>> 0;
    this.#mark = true;
  }

  get passing(): boolean {
    return this.#passing;
  }

  get #packet(): Buffer {
    return this.#packets[this.#index] as Buffer;
  }

  #commit(type: number): void {
    this.#filled += frameSamples;
    while (this.#filled >= this.packetSamples) {
      const packet = this.#packet;
      writeHeader(packet, type, this.#mark, this.#sequence, this.#timestamp, this.ssrc);
      this.#mark = false;
      this.#sequence = (this.#sequence + 1) & 0xffff;
      this.#timestamp = (this.#timestamp + this.packetSamples) >>> 0;
      const rest = this.#filled - this.packetSamples;
      this.#emit(this.packetSamples);
      if (rest > 0) {
        const from = rtpHeaderBytes + this.packetSamples;
        packet.copy(this.#packet, rtpHeaderBytes, from, from + rest);
      }
      this.#filled = rest;
    }
  }

  #leaveGap(): void {
    this.#timestamp = (this.#timestamp + this.#filled) >>> 0;
    this.#filled = 0;
  }

  /** Our timestamp for a passed packet; sets out anew when the other stream is a new one or has jumped. */
  #align(passed: Passed, earliest: number): number {
    const time = (passed.timestamp + this.#timestampShift) >>> 0;
    const ahead = (time - this.#timestamp) | 0;
    const sameStream = passed.ssrc === this.#passedSsrc && ahead < 80_000;
    if (this.#passing && sameStream && ahead > earliest) return time;
    this.#leaveGap();
    this.#passing = true;
    this.#sequenceShift = (this.#sequence - passed.sequence) & 0xffff;
    this.#mark = true;
    if (sameStream && ahead >= 0 && ahead < 1600) return time;
    this.#passedSsrc = passed.ssrc;
    this.#timestampShift = (this.#timestamp - passed.timestamp) >>> 0;
    return this.#timestamp;
  }

  #pass(passed: Passed, type: number, time: number): void {
    const sequence = (passed.sequence + this.#sequenceShift) & 0xffff;
    writeHeader(this.#packet, type, passed.marker || this.#mark, sequence, time, this.ssrc);
    this.#mark = false;
    if (((sequence - this.#sequence) & 0xffff) < 0x8000) this.#sequence = (sequence + 1) & 0xffff;
    this.#emit(passed.length);
  }

  #emit(payloadBytes: number): void {
    const packet = this.#packet;
    this.#index = (this.#index + 1) % buffers;
    this.packets += 1;
    this.bytes += payloadBytes;
    this.#send(packet, rtpHeaderBytes + payloadBytes);
  }
}
