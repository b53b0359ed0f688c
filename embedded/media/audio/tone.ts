/*
 * The tone language of `tone_stream://`: `%(on ms,off ms,Hz[,Hz...])`, `v=<dB>`, `l=<times>` for what follows,
 * `loops=<times>` for the whole (-1: endless), joined by `;`.
 */

export type ToneStep = {
  readonly onMs: number;
  readonly offMs: number;
  readonly frequencies: readonly number[];
  readonly level: number;
};
export type ToneScript = { readonly steps: readonly ToneStep[]; readonly loops: number };

const rate = 8000;
const defaultDecibels = -13;
const amplitude = (decibels: number): number => 32767 * 10 ** (Math.min(0, decibels) / 20);

/** The script, or null when nothing in it is a tone. */
export function parseTones(text: string): ToneScript | null {
  const steps: ToneStep[] = [];
  let loops = 1;
  let level = amplitude(defaultDecibels);
  let repeat = 1;
  for (const part of text.split(/;(?![^(]*\))/)) {
    const assignment = /^\s*(v|l|loops)\s*=\s*(-?\d+(?:\.\d+)?)/i.exec(part);
    if (assignment) {
      const value = Number(assignment[2]);
      if (assignment[1] === 'v') level = amplitude(value);
      else if (assignment[1] === 'loops') loops = value < 0 ? Number.POSITIVE_INFINITY : value;
      else repeat = Math.max(1, value);
      continue;
    }
    for (const [, body] of part.matchAll(/%\(([^)]*)\)/g)) {
      const [onMs, offMs, ...frequencies] = (body as string).split(',').map(Number);
      if (onMs === undefined || offMs === undefined || [onMs, offMs, ...frequencies].some(Number.isNaN)) return null;
      for (let time = 0; time < repeat; time++) steps.push({ onMs, offMs, frequencies, level });
    }
  }
  return steps.length > 0 && steps.some((step) => step.onMs + step.offMs > 0) ? { steps, loops } : null;
}

/** One pass of the script at 8 kHz. Several frequencies share the level. */
export function renderTones(script: ToneScript): Int16Array {
  const length = script.steps.reduce((sum, step) => sum + Math.round(((step.onMs + step.offMs) * rate) / 1000), 0);
  const out = new Int16Array(length);
  let at = 0;
  for (const step of script.steps) {
    const on = Math.round((step.onMs * rate) / 1000);
    const level = step.level / Math.max(1, step.frequencies.length);
    for (let i = 0; i < on; i++) {
      let sum = 0;
      for (const frequency of step.frequencies) sum += Math.sin((2 * Math.PI * frequency * i) / rate);
      out[at + i] = Math.round(sum * level);
    }
    at += Math.round(((step.onMs + step.offMs) * rate) / 1000);
  }
  return out;
}
