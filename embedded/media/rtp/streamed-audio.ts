/* L16 mono that a fork's server streams back, brought to 8 kHz frames after a pre-buffer (spec section 13). */
import { frameSamples } from './jitter-buffer.ts';

const firstPrebufferFrames = 4; // 80 ms
const laterPrebufferFrames = 2; // 40 ms
const maxSeconds = 60;
const maxMarks = 30;

type MarkReport = { readonly name: string; readonly event: 'playout' | 'cleared' };

export class StreamedAudio {
  readonly #step: number;
  readonly #onMark: (mark: MarkReport) => void;
  #samples: Int16Array = new Int16Array(0);
  #marks: { name: string; at: number }[] = [];
  #position = 0;
  #sum = 0;
  #count = 0;
  #needed = 1;
  #playing = false;
  #played = false;
  #leftover = -1;

  constructor(rate: number, onMark: (mark: MarkReport) => void) {
    this.#step = rate / 8000;
    this.#onMark = onMark;
  }

  /** Whole and half samples alike may come in a message. */
  push(bytes: Buffer): void {
    const fresh: number[] = [];
    for (const byte of bytes) {
      if (this.#leftover < 0) {
        this.#leftover = byte;
        continue;
      }
      const sample = (((byte << 8) | this.#leftover) << 16) >> 16;
      this.#leftover = -1;
      // Averaging over each output period is low-pass enough for speech.
      this.#sum += sample;
      this.#count += 1;
      this.#needed -= 1;
      while (this.#needed <= 0) {
        fresh.push(this.#count > 0 ? this.#sum / this.#count : sample);
        this.#sum = 0;
        this.#count = 0;
        this.#needed += this.#step;
        if (this.#step < 1) {
          this.#sum = sample;
          this.#count = 1;
        }
      }
    }
    const waiting = this.#samples.subarray(this.#position);
    if (waiting.length + fresh.length > maxSeconds * 8000) return;
    const joined = new Int16Array(waiting.length + fresh.length);
    joined.set(waiting);
    joined.set(fresh, waiting.length);
    for (const mark of this.#marks) mark.at -= this.#position;
    this.#samples = joined;
    this.#position = 0;
  }

  /** Fills `frame`; false when there is nothing to play and other audio should go on. */
  read(frame: Int16Array): boolean {
    const waiting = this.#samples.length - this.#position;
    const prebuffer = (this.#played ? laterPrebufferFrames : firstPrebufferFrames) * frameSamples;
    if (!this.#playing && waiting < prebuffer) return false;
    if (waiting === 0) {
      this.#playing = false;
      this.#reportMarks();
      return false;
    }
    this.#playing = true;
    this.#played = true;
    const take = Math.min(frameSamples, waiting);
    frame.set(this.#samples.subarray(this.#position, this.#position + take));
    if (take < frameSamples) frame.fill(0, take);
    this.#position += take;
    this.#reportMarks();
    return true;
  }

  /** Told when everything that is buffered now has been played. */
  mark(name: string): void {
    if (this.#marks.length >= maxMarks) return;
    this.#marks.push({ name, at: this.#samples.length });
    this.#reportMarks();
  }

  clearMarks(): void {
    for (const { name } of this.#marks.splice(0)) this.#onMark({ name, event: 'cleared' });
  }

  clear(): void {
    this.#samples = new Int16Array(0);
    this.#position = 0;
    this.#playing = false;
    this.clearMarks();
  }

  #reportMarks(): void {
    while (this.#marks[0] !== undefined && this.#marks[0].at <= this.#position) {
      const { name } = this.#marks.shift() as { name: string };
      this.#onMark({ name, event: 'playout' });
    }
  }
}
