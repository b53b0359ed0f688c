/*
 * RFC 4733 telephone-events to digits: one digit an event, however many of its packets are lost, doubled or out of
 * order. All packets of an event carry its start timestamp, which is its identity. A digit is told when the first
 * packet with the E bit comes, or, when all of those are lost, when a later event begins or 120 ms after the last packet.
 */

const digits = '0123456789*#ABCD';
const endTimeoutMs = 120;
/** 50 ms: shorter ones are told as this long. */
const leastDuration = 400;
/** Events remembered so that a late packet of an old one is not taken for a new one. */
const remembered = 4;

/** `duration` in units of the 8 kHz clock, `timestamp` the RTP timestamp of the event. */
type DigitHandler = (digit: string, duration: number, timestamp: number) => void;

export class DtmfReceiver {
  readonly #onDigit: DigitHandler;
  readonly #done: number[] = [];
  #active = false;
  #digit = '';
  #timestamp = 0;
  #duration = 0;
  #lastAt = 0;

  constructor(onDigit: DigitHandler) {
    this.#onDigit = onDigit;
  }

  get active(): boolean {
    return this.#active;
  }

  /** One telephone-event payload (4 bytes at `offset`), received at `now` ms. */
  packet(timestamp: number, payload: Uint8Array, offset: number, length: number, now: number): void {
    if (length < 4) return;
    const digit = digits[payload[offset] as number];
    if (digit === undefined || this.#done.includes(timestamp)) return;
    if (this.#active && timestamp !== this.#timestamp) {
      const later = (timestamp - this.#timestamp) | 0;
      if (later < 0) return; // a straggler of a digit before this one
      // RFC 4733 §2.5.1.3: a key held longer than a duration field goes on as a new segment, without a new digit.
      if (later === 0xffff && digit === this.#digit) this.#timestamp = timestamp;
      else this.#finish();
    }
    const duration = ((payload[offset + 2] as number) << 8) | (payload[offset + 3] as number);
    if (!this.#active) {
      this.#active = true;
      this.#digit = digit;
      this.#timestamp = timestamp;
      this.#duration = 0;
    }
    this.#duration = Math.max(this.#duration, duration);
    this.#lastAt = now;
    if ((payload[offset + 1] as number) & 0x80) this.#finish();
  }

  /** To be called every frame: ends a digit whose end packets were all lost. */
  tick(now: number): void {
    if (this.#active && now - this.#lastAt >= endTimeoutMs) this.#finish();
  }

  #finish(): void {
    this.#active = false;
    this.#done.push(this.#timestamp);
    if (this.#done.length > remembered) this.#done.shift();
    this.#onDigit(this.#digit, Math.max(this.#duration, leastDuration), this.#timestamp);
  }
}
