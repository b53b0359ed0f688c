/* Reception statistics of one RTP source (RFC 3550 §6.4.1, Appendix A.3 and A.8). */

export class Reception {
  ssrc = 0;
  packets = 0;
  bytes = 0;
  #base = 0;
  #cycles = 0;
  #maxSeq = 0;
  #jitter = 0;
  #transit = 0;
  #started = false;
  #priorExpected = 0;
  #priorPackets = 0;
  #lostBefore = 0;

  /** Counts one packet that arrived at `nowMs`; true when it begins a new source. */
  packet(ssrc: number, seq: number, timestamp: number, length: number, nowMs: number): boolean {
    const isNew = !this.#started || ssrc !== this.ssrc;
    if (isNew) this.#begin(ssrc, seq);
    this.packets += 1;
    this.bytes += length;
    const ahead = (seq - this.#maxSeq) & 0xffff;
    if (ahead < 0x8000) {
      if (seq < this.#maxSeq) this.#cycles += 0x10000;
      this.#maxSeq = seq;
    }
    const transit = nowMs * 8 - timestamp;
    if (!isNew) {
      const change = Math.abs((transit - this.#transit) % 0x100000000);
      if (change < 8000) this.#jitter += (change - this.#jitter) / 16;
    }
    this.#transit = transit;
    return isNew;
  }

  get jitterTicks(): number {
    return Math.round(this.#jitter);
  }

  get highest(): number {
    return this.#cycles + this.#maxSeq;
  }

  /** Packets expected less packets seen; never negative. */
  get lost(): number {
    if (!this.#started) return 0;
    return this.#lostBefore + Math.max(0, this.#expected() - (this.packets - this.#packetsBefore));
  }

  /** Loss since the last call in 256ths, for a report block. */
  fractionLost(): number {
    const expected = this.#expected() - this.#priorExpected;
    const received = this.packets - this.#priorPackets;
    this.#priorExpected = this.#expected();
    this.#priorPackets = this.packets;
    return expected <= 0 ? 0 : Math.max(0, Math.min(255, Math.round(((expected - received) * 256) / expected)));
  }

  #packetsBefore = 0;

  #expected(): number {
    return this.highest - this.#base + 1;
  }

  #begin(ssrc: number, seq: number): void {
    this.#lostBefore = this.lost;
    this.#packetsBefore = this.packets;
    this.ssrc = ssrc;
    this.#base = seq;
    this.#maxSeq = seq;
    this.#cycles = 0;
    this.#started = true;
    this.#priorExpected = 0;
    this.#priorPackets = this.packets;
  }
}
