/* Sample rate conversion by windowed sinc. */
import { setImmediate as yieldToLoop } from 'node:timers/promises';

const halfTaps = 16;
const chunkSamples = 4000;

const clip = (value: number): number => Math.max(-32768, Math.min(32767, Math.round(value)));
const sinc = (x: number): number => (x === 0 ? 1 : Math.sin(Math.PI * x) / (Math.PI * x));
/** Blackman window, `x` from -1 to 1. */
const window = (x: number): number => 0.42 + 0.5 * Math.cos(Math.PI * x) + 0.08 * Math.cos(2 * Math.PI * x);

/** The windowed sinc from 0 to `halfTaps`, so finely that the nearest entry serves. */
const stepsPerTap = 512;
const kernel = Float64Array.from({ length: halfTaps * stepsPerTap + 1 }, (_, i) => {
  const x = i / stepsPerTap;
  return sinc(x) * window(x / halfTaps);
});

/** A whole recording at another rate. Yields to the event loop every few thousand samples: a long file must not stop the media clock. */
export async function resample(samples: Int16Array, from: number, to: number): Promise<Int16Array> {
  if (from === to) return samples;
  const cutoff = Math.min(1, to / from);
  const width = halfTaps / cutoff;
  const scale = cutoff * stepsPerTap;
  const out = new Int16Array(Math.floor((samples.length * to) / from));
  for (let i = 0; i < out.length; i++) {
    const centre = (i * from) / to;
    const first = Math.max(0, Math.ceil(centre - width));
    const last = Math.min(samples.length - 1, Math.floor(centre + width));
    let sum = 0;
    for (let at = first; at <= last; at++) {
      sum += (samples[at] as number) * (kernel[Math.round(Math.abs(at - centre) * scale)] as number);
    }
    out[i] = clip(sum * cutoff);
    if (i % chunkSamples === chunkSamples - 1) await yieldToLoop();
  }
  return out;
}

/** Raises a stream from 8 kHz to `factor` times that, frame by frame, with a delay of 6 input samples. */
export class Upsampler {
  static readonly #taps = 12;
  readonly #factor: number;
  readonly #phases: Float32Array[];
  readonly #input: Float32Array;

  constructor(factor: number, frameLength: number) {
    this.#factor = factor;
    const taps = Upsampler.#taps;
    this.#input = new Float32Array(taps + frameLength);
    this.#phases = Array.from({ length: factor }, (_, phase) =>
      Float32Array.from({ length: taps }, (_unused, tap) => {
        const distance = tap - taps / 2 + 1 - phase / factor;
        return sinc(distance) * window(distance / (taps / 2));
      }),
    );
  }

  /** Writes `frame.length * factor` samples to `out`, `stride` apart from `start`. */
  write(frame: Int16Array, out: Int16Array, start: number, stride: number): void {
    const taps = Upsampler.#taps;
    const input = this.#input;
    input.copyWithin(0, frame.length);
    for (let i = 0; i < frame.length; i++) input[taps + i] = frame[i] as number;
    let at = start;
    for (let i = 0; i < frame.length; i++) {
      for (let phase = 0; phase < this.#factor; phase++) {
        const kernel = this.#phases[phase] as Float32Array;
        let sum = 0;
        for (let tap = 0; tap < taps; tap++) sum += (input[i + 1 + tap] as number) * (kernel[tap] as number);
        out[at] = clip(sum);
        at += stride;
      }
    }
  }
}
