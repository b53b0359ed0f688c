/*
 * A small adaptive jitter buffer for one G.711 stream, indexed by RTP timestamp: reordering and duplicates cost
 * nothing, any packet length fits, lost samples are seen as such. It is read on the reader's own 20 ms clock, so it
 * also absorbs the drift between the two clocks. Its delay starts at 20 to 40 ms, grows when a packet comes late and
 * shrinks again after three calm seconds.
 */

/** Samples in a frame, 20 ms at 8 kHz. */
export const frameSamples = 160;
const ringSamples = 8192; // about one second
const mask = ringSamples - 1;
const startDelay = frameSamples * 2;
const maxDelay = frameSamples * 8;
/** Pulls without a packet after which the stream counts as stopped. */
const idlePulls = 15;
/** Pulls over which a surplus must last before one frame is given up. */
const shrinkPulls = 150;

/** Signed distance from `b` to `a` of two 32-bit timestamps. */
const distance = (a: number, b: number): number => (a - b) | 0;

/** 'lost': conceal it. 'silent': nothing is being sent to us. */
export type Pull = 'audio' | 'lost' | 'silent';

export class JitterBuffer {
  readonly #data = new Uint8Array(ringSamples);
  readonly #have = new Uint8Array(ringSamples);
  #playing = false;
  #heard = false;
  /** Timestamp of the next sample to be read. */
  #next = 0;
  /** Timestamp after the newest sample. */
  #end = 0;
  #pullsSincePush = 0;
  #leastDepth = Number.POSITIVE_INFINITY;
  #depthPulls = 0;
  /** Packets that came after their time, whether they could still be played or not. */
  late = 0;
  /** Frames that had to be concealed. */
  lost = 0;

  /** Samples now waiting. */
  get depth(): number {
    return this.#playing ? Math.max(0, distance(this.#end, this.#next)) : 0;
  }

  reset(): void {
    this.#playing = false;
    this.#have.fill(0);
  }

  /** Keeps the payload of one packet. */
  push(timestamp: number, payload: Uint8Array, offset: number, length: number): void {
    if (length > frameSamples * 6) return;
    if (!this.#playing) this.#begin(timestamp);
    const ahead = distance(timestamp, this.#next);
    if (ahead > maxDelay * 4 || ahead < -ringSamples) this.#begin(timestamp);
    else if (ahead < 0 && !this.#stretch(-ahead)) return;
    const end = (timestamp + length) >>> 0;
    if (distance(end, this.#end) > 0) this.#end = end;
    this.#pullsSincePush = 0;
    this.#store(timestamp & mask, payload, offset, length);
  }

  /** Copies the next frame to `out`, which is untouched when the answer is not 'audio'. */
  pull(out: Uint8Array): Pull {
    if (!this.#playing) return 'silent';
    if (++this.#pullsSincePush > idlePulls) {
      this.reset();
      return 'silent';
    }
    this.#shrink();
    const start = this.#next & mask;
    this.#next = (this.#next + frameSamples) >>> 0;
    if (this.#read(start, out)) {
      this.#heard = true;
      return 'audio';
    }
    if (!this.#heard) return 'silent';
    this.lost += 1;
    return 'lost';
  }

  #begin(timestamp: number): void {
    this.#have.fill(0);
    this.#playing = true;
    this.#heard = false;
    this.#next = (timestamp + frameSamples - startDelay) >>> 0;
    this.#end = timestamp;
    this.#leastDepth = Number.POSITIVE_INFINITY;
    this.#depthPulls = 0;
  }

  /** A packet came `lateness` samples too late: reads from further back so that it and what follows is heard. False: too late. */
  #stretch(lateness: number): boolean {
    this.late += 1;
    const back = Math.ceil(lateness / frameSamples) * frameSamples;
    if (distance(this.#end, this.#next) + back > maxDelay) return false;
    this.#next = (this.#next - back) >>> 0;
    return true;
  }

  #shrink(): void {
    this.#leastDepth = Math.min(this.#leastDepth, distance(this.#end, this.#next));
    if (++this.#depthPulls < shrinkPulls) return;
    if (this.#leastDepth >= startDelay + frameSamples) {
      for (let i = 0; i < frameSamples; i++) this.#have[(this.#next + i) & mask] = 0;
      this.#next = (this.#next + frameSamples) >>> 0;
    }
    this.#leastDepth = Number.POSITIVE_INFINITY;
    this.#depthPulls = 0;
  }

  #store(start: number, payload: Uint8Array, offset: number, length: number): void {
    for (let i = 0; i < length; i++) {
      const at = (start + i) & mask;
      this.#data[at] = payload[offset + i] as number;
      this.#have[at] = 1;
    }
  }

  #read(start: number, out: Uint8Array): boolean {
    let present = 0;
    for (let i = 0; i < frameSamples; i++) {
      const at = (start + i) & mask;
      present += this.#have[at] as number;
      this.#have[at] = 0;
    }
    if (present < frameSamples) return false;
    for (let i = 0; i < frameSamples; i++) out[i] = this.#data[(start + i) & mask] as number;
    return true;
  }
}
