/*
 * RFC 4733 events from digits, driven by the 20 ms clock: M bit on the first packet, growing duration under one
 * timestamp, three end packets, then a pause of 40 ms at least (§2.5.1.2 to §2.5.1.4).
 */

const digits = '0123456789*#ABCD';
const frame = 160;
const endPackets = 3;
const gapFrames = 3;
const volume = 13;

/** Payload of the packet to send in this frame; `start` on an event's first. */
type EventPacket = { readonly payload: Uint8Array; readonly start: boolean };

export class DtmfSender {
  readonly #queue: { event: number; duration: number }[] = [];
  readonly #payload = new Uint8Array(4);
  readonly #packet = { payload: this.#payload, start: false };
  #elapsed = 0;
  #ends = 0;
  #gap = 0;

  /** Queues digits; `durationMs` each. Unknown characters are left out, 'w' and 'W' pause 0.5 and 1 s. */
  send(text: string, durationMs: number): void {
    const duration = Math.max(frame * 2, Math.round((durationMs * 8) / frame) * frame);
    for (const char of text.toUpperCase()) {
      const event = digits.indexOf(char);
      if (event >= 0) this.#queue.push({ event, duration });
      else if (char === 'W') this.#queue.push({ event: -1, duration: 4000 });
    }
  }

  get busy(): boolean {
    return this.#queue.length > 0 || this.#gap > 0;
  }

  /** The packet of this frame, or null: send audio. The object is reused. */
  next(): EventPacket | null {
    if (this.#gap > 0) {
      this.#gap -= 1;
      return null;
    }
    const current = this.#queue[0];
    if (current === undefined) return null;
    if (current.event < 0) {
      this.#gap = current.duration / frame;
      this.#queue.shift();
      return null;
    }
    this.#packet.start = this.#elapsed === 0;
    this.#elapsed = Math.min(this.#elapsed + frame, current.duration);
    const last = this.#elapsed === current.duration;
    this.#fill(current.event, last);
    if (last) this.#endOne();
    return this.#packet;
  }

  #fill(event: number, end: boolean): void {
    this.#payload[0] = event;
    this.#payload[1] = end ? volume | 0x80 : volume;
    this.#payload[2] = this.#elapsed >> 8;
    this.#payload[3] = this.#elapsed & 0xff;
  }

  #endOne(): void {
    if (++this.#ends < endPackets) return;
    this.#ends = 0;
    this.#elapsed = 0;
    this.#gap = gapFrames;
    this.#queue.shift();
  }
}
