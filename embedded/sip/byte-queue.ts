/** Bytes of a stream that wait for the end of their message. Appending is amortised O(1): a peer that sends one byte at a time costs nothing. */
export class ByteQueue {
  #buffer = Buffer.allocUnsafe(2048);
  #start = 0;
  #end = 0;

  get length(): number {
    return this.#end - this.#start;
  }

  push(chunk: Buffer): void {
    if (this.#end + chunk.length > this.#buffer.length) this.#makeRoom(chunk.length);
    chunk.copy(this.#buffer, this.#end);
    this.#end += chunk.length;
  }

  /** Offset of `bytes` at or after `from`, or -1. */
  indexOf(bytes: string, from = 0): number {
    const at = this.#buffer.subarray(0, this.#end).indexOf(bytes, this.#start + from, 'latin1');
    return at < 0 ? -1 : at - this.#start;
  }

  byteAt(offset: number): number {
    return this.#buffer[this.#start + offset] ?? 0;
  }

  peek(from: number, to: number): string {
    return this.#buffer.toString('latin1', this.#start + from, this.#start + to);
  }

  /** Takes `count` bytes away, as text of one character a byte. */
  shift(count: number): string {
    const text = this.#buffer.toString('latin1', this.#start, this.#start + count);
    this.#start += count;
    if (this.#start === this.#end) {
      this.#start = 0;
      this.#end = 0;
    }
    return text;
  }

  #makeRoom(count: number): void {
    const length = this.length;
    let size = this.#buffer.length;
    // Growing at half full keeps a compaction at least as far apart as the bytes it moves.
    while (size < 2 * (length + count)) size *= 2;
    const target = size === this.#buffer.length ? this.#buffer : Buffer.allocUnsafe(size);
    this.#buffer.copy(target, 0, this.#start, this.#end);
    this.#buffer = target;
    this.#start = 0;
    this.#end = length;
  }
}
