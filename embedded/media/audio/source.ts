/*
 * What a playback reads its frames from, by the names of spec section 7: WAV files, silence_stream, tone_stream,
 * local_stream (music on hold), file_string. All sources speak 16-bit mono at 8 kHz.
 */
import { readFile, stat } from 'node:fs/promises';
import { LRUCache } from 'lru-cache';
import { renderMusic } from './music.ts';
import { resample } from './resample.ts';
import { parseTones, renderTones } from './tone.ts';
import { readWav } from './wav.ts';

export interface Source {
  /** Samples a second of the original, for the counts that a playback reports. */
  readonly originalRate: number;
  /** Samples at 8 kHz from the beginning of the file to the next one to be read. */
  readonly position: number;
  /** Fills `frame` and says how many samples are audio (the rest is zero); fewer than its length: the end. */
  read(frame: Int16Array): number;
}

const rate = 8000;
const cacheBytes = 64 * 1024 * 1024;

type Recording = { readonly samples: Int16Array; readonly rate: number };

/** Samples in memory, played `loops` times. */
export class SampleSource implements Source {
  readonly originalRate: number;
  readonly #samples: Int16Array;
  #loops: number;
  position: number;

  constructor(recording: Recording, start: number, loops = 1) {
    this.#samples = recording.samples;
    this.originalRate = recording.rate;
    this.position = Math.min(Math.max(0, start), recording.samples.length);
    this.#loops = loops;
  }

  read(frame: Int16Array): number {
    let filled = 0;
    while (filled < frame.length && this.#loops > 0) {
      const at = this.position % this.#samples.length;
      const available = this.position >= this.#samples.length * this.#turn ? 0 : this.#samples.length - at;
      const take = Math.min(available, frame.length - filled);
      if (take > 0) frame.set(this.#samples.subarray(at, at + take), filled);
      filled += take;
      this.position += take;
      if (this.position >= this.#samples.length * this.#turn) {
        this.#turn += 1;
        this.#loops -= 1;
      }
    }
    if (filled < frame.length) frame.fill(0, filled);
    return filled;
  }
  #turn = 1;
}

/** Silence of `length` samples. */
export class SilenceSource implements Source {
  readonly originalRate = rate;
  readonly #length: number;
  position = 0;

  constructor(length: number) {
    this.#length = length;
  }

  read(frame: Int16Array): number {
    frame.fill(0);
    const take = Math.min(frame.length, this.#length - this.position);
    this.position += take;
    return take;
  }
}

/** Several sources without a pause between them. */
export class SequenceSource implements Source {
  readonly originalRate = rate;
  readonly #parts: readonly Source[];
  readonly #rest = new Int16Array(160);
  #index = 0;
  position = 0;

  constructor(parts: readonly Source[]) {
    this.#parts = parts;
  }

  read(frame: Int16Array): number {
    let filled = 0;
    while (filled < frame.length) {
      const part = this.#parts[this.#index];
      if (part === undefined) break;
      const wanted = frame.length - filled;
      const target = filled === 0 ? frame : this.#rest.subarray(0, wanted);
      const got = part.read(target);
      if (filled > 0) frame.set(target.subarray(0, got), filled);
      filled += got;
      if (got < wanted) this.#index += 1;
    }
    if (filled < frame.length) frame.fill(0, filled);
    this.position += filled;
    return filled;
  }
}

const recordings = new LRUCache<string, Recording>({
  maxSize: cacheBytes,
  sizeCalculation: (recording) => recording.samples.byteLength + 64,
});
let music: Recording | null = null;

/** Renders what takes long, so that the first caller on hold does not stop the clock for the others. */
export function prepareSources(): void {
  music ??= { samples: renderMusic(), rate };
}

/**
 * The source of a playback name, or null when there is none (missing file, unknown format or scheme).
 * `offset` in samples at 8 kHz; relative names are taken under `soundPath`.
 */
export async function openSource(name: string, offset: number, soundPath: string): Promise<Source | null> {
  const plain = name.replace(/^\{[^}]*\}/, '');
  const [, scheme, rest = ''] = /^([a-z_]+):\/\/(.*)$/.exec(plain) ?? [];
  switch (scheme) {
    case undefined:
      return openFile(plain.startsWith('/') ? plain : `${soundPath}/${plain}`, offset);
    case 'silence_stream':
      return openSilence(rest);
    case 'tone_stream':
      return openTones(rest);
    case 'local_stream':
      prepareSources();
      return music && new SampleSource(music, offset, Number.POSITIVE_INFINITY);
    case 'file_string':
      return openSequence(rest.split('!'), offset, soundPath);
    default:
      return null;
  }
}

async function openSequence(names: readonly string[], offset: number, soundPath: string): Promise<Source | null> {
  const parts = await Promise.all(names.map((name, index) => openSource(name, index === 0 ? offset : 0, soundPath)));
  const found = parts.filter((part) => part !== null);
  return found.length > 0 ? new SequenceSource(found) : null;
}

function openSilence(text: string): Source | null {
  const milliseconds = Number.parseInt(text, 10);
  if (Number.isNaN(milliseconds)) return null;
  return new SilenceSource(milliseconds < 0 ? Number.POSITIVE_INFINITY : milliseconds * 8);
}

function openTones(text: string): Source | null {
  const script = parseTones(text);
  return script && new SampleSource({ samples: renderTones(script), rate }, 0, script.loops);
}

async function openFile(path: string, offset: number): Promise<Source | null> {
  const recording = await loadFile(path);
  return recording && new SampleSource(recording, offset);
}

async function loadFile(path: string): Promise<Recording | null> {
  try {
    const { mtimeMs, size } = await stat(path);
    const key = `${path} ${mtimeMs} ${size}`;
    const known = recordings.get(key);
    if (known) return known;
    const wav = readWav(await readFile(path));
    if (wav === null) return null;
    const recording = { samples: await resample(wav.samples, wav.rate, rate), rate: wav.rate };
    recordings.set(key, recording);
    return recording;
  } catch {
    return null;
  }
}
