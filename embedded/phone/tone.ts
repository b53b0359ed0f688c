/* Tones to send and to find again: how a test or a demo phone knows whose voice it hears. 16-bit mono at 8 kHz. */

export const sampleRate = 8000;

/** A sine of `hertz`; a length that is a whole number of periods repeats without a click. */
export function sine(hertz: number, milliseconds: number, amplitude = 8000): Int16Array {
  const step = (2 * Math.PI * hertz) / sampleRate;
  return Int16Array.from({ length: (milliseconds * sampleRate) / 1000 }, (_, i) =>
    Math.round(Math.sin(step * i) * amplitude),
  );
}

/** Root mean square of the samples, 0 to 32767. */
export function loudness(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return samples.length === 0 ? 0 : Math.sqrt(sum / samples.length);
}

/** Share of the samples' energy that lies at `hertz` (Goertzel): 1 a pure tone, near 0 anything else. */
export function toneShare(samples: Int16Array, hertz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hertz) / sampleRate);
  let previous = 0;
  let beforePrevious = 0;
  let energy = 0;
  for (const sample of samples) {
    const value = sample + coefficient * previous - beforePrevious;
    beforePrevious = previous;
    previous = value;
    energy += sample * sample;
  }
  if (energy === 0) return 0;
  const power = previous ** 2 + beforePrevious ** 2 - coefficient * previous * beforePrevious;
  return (2 * power) / (samples.length * energy);
}

/** A tone is there: loud enough to hear, and nearly nothing beside it. */
export function hasTone(samples: Int16Array, hertz: number): boolean {
  return loudness(samples) > 300 && toneShare(samples, hertz) > 0.7;
}
