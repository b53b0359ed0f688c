/*
 * Packet loss concealment in the manner of G.711 Appendix I, reduced: the last pitch period is repeated, faded to
 * silence over 60 ms, and the first good frame is blended in.
 */
import { frameSamples } from './jitter-buffer.ts';

const historySamples = 480;
const minPitch = 40; // 200 Hz
const maxPitch = 160; // 50 Hz
const blendSamples = 40;
const fade = [1, 0.7, 0.35, 0] as const;

export class Concealment {
  readonly #history = new Int16Array(historySamples);
  readonly #tail = new Int16Array(blendSamples);
  #pitch = 0;
  #phase = 0;
  #lostInRow = 0;

  /** Remembers a good frame, blending it with what was made up before it; `frame` is changed in place. */
  good(frame: Int16Array): void {
    if (this.#lostInRow > 0) {
      for (let i = 0; i < blendSamples; i++) {
        const weight = i / blendSamples;
        frame[i] = (this.#tail[i] as number) * (1 - weight) + (frame[i] as number) * weight;
      }
      this.#lostInRow = 0;
    }
    this.#remember(frame);
  }

  /** Fills `frame` with a guess at what was lost. */
  lost(frame: Int16Array): void {
    if (this.#lostInRow === 0) {
      this.#pitch = this.#findPitch();
      this.#phase = 0;
    }
    const from = fade[Math.min(this.#lostInRow, fade.length - 1)] as number;
    const to = fade[Math.min(this.#lostInRow + 1, fade.length - 1)] as number;
    const start = historySamples - this.#pitch;
    for (let i = 0; i < frameSamples; i++) {
      const gain = from + ((to - from) * i) / frameSamples;
      frame[i] = (this.#history[start + this.#phase] as number) * gain;
      this.#phase = (this.#phase + 1) % this.#pitch;
    }
    for (let i = 0; i < blendSamples; i++) {
      this.#tail[i] = (this.#history[start + ((this.#phase + i) % this.#pitch)] as number) * to;
    }
    this.#lostInRow += 1;
  }

  /** Forgets the past: the stream was silent. */
  reset(): void {
    this.#history.fill(0);
    this.#tail.fill(0);
    this.#lostInRow = 0;
  }

  #remember(frame: Int16Array): void {
    this.#history.copyWithin(0, frameSamples);
    this.#history.set(frame, historySamples - frameSamples);
  }

  #findPitch(): number {
    let best = maxPitch;
    let bestScore = 0;
    for (let lag = minPitch; lag <= maxPitch; lag++) {
      let cross = 0;
      let energy = 1;
      for (let i = historySamples - maxPitch; i < historySamples; i += 2) {
        const older = this.#history[i - lag] as number;
        cross += (this.#history[i] as number) * older;
        energy += older * older;
      }
      const score = cross > 0 ? (cross * cross) / energy : 0;
      if (score > bestScore * 1.0001) {
        bestScore = score;
        best = lag;
      }
    }
    return best;
  }
}
