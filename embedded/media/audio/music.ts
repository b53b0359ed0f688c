/* Music on hold: a quiet loop of soft chords and a slow melody, made here so that nobody's rights are touched. */

const rate = 8000;
const beatSeconds = 0.6;
const hertz = (midi: number): number => 440 * 2 ** ((midi - 69) / 12);

/** C, A minor, F, G: root position, eight beats each. */
const chords = [
  [48, 55, 60, 64],
  [45, 52, 57, 60],
  [41, 53, 57, 60],
  [43, 50, 55, 59],
];
const melody = [
  [72, 0, 76, 0, 79, 0, 76, 74],
  [72, 0, 69, 0, 72, 0, 76, 0],
  [77, 0, 76, 0, 72, 0, 69, 0],
  [74, 0, 71, 0, 67, 0, 71, 74],
];

/** One turn of the loop at 8 kHz, about 19 s; its end joins its beginning. */
export function renderMusic(): Int16Array {
  const beats = chords.length * 8;
  const mix = new Float32Array(Math.round(beats * beatSeconds * rate));
  chords.forEach((chord, bar) => {
    chord.forEach((note, index) => {
      pluck(mix, hertz(note), (bar * 8 + index * 0.5) * beatSeconds, 7.5 * beatSeconds, 0.11);
      pluck(mix, hertz(note), (bar * 8 + 4 + index * 0.5) * beatSeconds, 4 * beatSeconds, 0.09);
    });
    melody[bar]?.forEach((note, beat) => {
      if (note > 0) pluck(mix, hertz(note), (bar * 8 + beat) * beatSeconds, 2 * beatSeconds, 0.1);
    });
  });
  return Int16Array.from(mix, (value) => Math.round(Math.tanh(value) * 9000));
}

/** Adds a decaying note; what rings on past the end sounds at the beginning. */
function pluck(mix: Float32Array, frequency: number, startSeconds: number, seconds: number, level: number): void {
  const start = Math.round(startSeconds * rate);
  const length = Math.round(seconds * rate);
  const step = (2 * Math.PI * frequency) / rate;
  for (let i = 0; i < length; i++) {
    const envelope = Math.min(1, i / 160) * Math.exp((-3.2 * i) / length) * (1 - i / length);
    const wave = Math.sin(step * i) + 0.35 * Math.sin(2 * step * i) + 0.12 * Math.sin(3 * step * i);
    const at = (start + i) % mix.length;
    mix[at] = (mix[at] as number) + wave * envelope * level;
  }
}
