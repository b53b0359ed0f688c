/** Loudness that prompts are levelled to: −20 dBFS RMS of what is spoken, as carriers' announcements. */
const targetRms = 0.1;
const peakLimit = 0.89; // −1 dBFS
const silence = 0.005;

const taps = 47;
const halfBand = Float64Array.from({ length: taps }, (_, i) => {
  const n = i - (taps - 1) / 2;
  const sinc = n === 0 ? 0.5 : Math.sin((Math.PI * n) / 2) / (Math.PI * n);
  return sinc * (0.54 + 0.46 * Math.cos((2 * Math.PI * n) / (taps - 1)));
});

/** Halves the sample rate behind a half-band low-pass (Hamming windowed sinc), so that nothing folds back. */
export function decimateByTwo(samples: Int16Array): Int16Array {
  const out = new Int16Array(samples.length >> 1);
  const centre = (taps - 1) / 2;
  for (let i = 0; i < out.length; i += 1) {
    let sum = 0;
    for (let k = 0; k < taps; k += 1) sum += (halfBand[k] ?? 0) * (samples[2 * i + k - centre] ?? 0);
    out[i] = clip(sum);
  }
  return out;
}

/** Scales speech to one loudness: pauses do not count, and no sample clips. */
export function levelSpeech(samples: Int16Array): Int16Array {
  let energy = 0;
  let spoken = 0;
  let peak = 0;
  for (const sample of samples) {
    const value = Math.abs(sample) / 32768;
    peak = Math.max(peak, value);
    if (value > silence) {
      energy += value * value;
      spoken += 1;
    }
  }
  if (spoken === 0) return samples;
  const gain = Math.min(targetRms / Math.sqrt(energy / spoken), peakLimit / peak);
  return samples.map((sample) => clip(sample * gain));
}

const clip = (value: number) => Math.max(-32768, Math.min(32767, Math.round(value)));
