/*
 * Keys heard as tones (ITU-T Q.23, Q.24), for peers without telephone-events: eight Goertzel filters over 20 ms frames.
 * A key counts when both its tones stand out, alone in their groups, for two frames; it must pause before it repeats.
 */
import { frameSamples } from './jitter-buffer.ts';

const rows = [697, 770, 852, 941];
const columns = [1209, 1336, 1477, 1633];
const keys = ['123A', '456B', '789C', '*0#D'];
const rate = 8000;
const framesToTell = 2;
/** The two tones' share of all power: speech has its power elsewhere too. */
const leastShare = 0.75;
/** Largest ratio of the two tones' powers, 8 dB (Q.24). */
const twist = 6.3;
const leastPower = 4000 * frameSamples;

const coefficients = [...rows, ...columns].map((frequency) => 2 * Math.cos((2 * Math.PI * frequency) / rate));

export class ToneDialling {
  readonly #onDigit: (digit: string, durationMs: number) => void;
  readonly #powers = new Float64Array(8);
  #current = '';
  #frames = 0;
  #told = false;

  /** `onDigit` is called at the end of each key. */
  constructor(onDigit: (digit: string, durationMs: number) => void) {
    this.#onDigit = onDigit;
  }

  frame(samples: Int16Array): void {
    const key = this.#keyOf(samples);
    if (key === this.#current) {
      this.#frames += 1;
      this.#told ||= key !== '' && this.#frames >= framesToTell;
      return;
    }
    if (this.#told) this.#onDigit(this.#current, this.#frames * 20);
    this.#current = key;
    this.#frames = 1;
    this.#told = false;
  }

  /** The key in one frame, '' for none. */
  #keyOf(samples: Int16Array): string {
    let energy = 0;
    for (let i = 0; i < frameSamples; i++) energy += (samples[i] as number) ** 2;
    if (energy < leastPower) return '';
    for (let tone = 0; tone < 8; tone++) this.#powers[tone] = goertzel(samples, coefficients[tone] as number);
    const row = loudest(this.#powers, 0);
    const column = loudest(this.#powers, 4);
    const low = this.#powers[row] as number;
    const high = this.#powers[column] as number;
    if (low + high < leastShare * energy || low > high * twist || high > low * twist) return '';
    return keys[row]?.[column - 4] ?? '';
  }
}

/** Power of one frequency on the scale of the frame's energy: a pure tone has all of it. */
function goertzel(samples: Int16Array, coefficient: number): number {
  let last = 0;
  let before = 0;
  for (let i = 0; i < frameSamples; i++) {
    const now = (samples[i] as number) + coefficient * last - before;
    before = last;
    last = now;
  }
  return (2 * (last * last + before * before - coefficient * last * before)) / frameSamples;
}

function loudest(powers: Float64Array, from: number): number {
  let best = from;
  for (let i = from + 1; i < from + 4; i++) if ((powers[i] as number) > (powers[best] as number)) best = i;
  return best;
}
