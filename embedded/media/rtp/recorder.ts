/* Writes frames to a 16-bit WAV at 8 kHz, a second at a time, off the media clock. */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { wavHeader } from '../audio/wav.ts';
import { frameSamples } from './jitter-buffer.ts';
import type { RecordEnd, RecordSettings } from './protocol.ts';

const rate = 8000;
const framesPerWrite = 50;

export class Recorder {
  readonly id: number;
  readonly #settings: RecordSettings;
  readonly #onEnd: (end: RecordEnd) => void;
  readonly #channels: number;
  #file: FileHandle | null = null;
  #writes: Promise<void>;
  #chunk: Int16Array;
  #filled = 0;
  #frames = 0;
  #silentFrames = 0;
  #failed = false;
  #ended = false;

  constructor(settings: RecordSettings, onEnd: (end: RecordEnd) => void) {
    this.id = settings.recordId;
    this.#settings = settings;
    this.#onEnd = onEnd;
    this.#channels = settings.mix === 'stereo' ? 2 : 1;
    this.#chunk = this.#newChunk();
    this.#writes = this.#open();
  }

  tap(left: Int16Array, right: Int16Array): void {
    if (this.#ended) return;
    if (this.#failed) {
      this.#end('failed');
      return;
    }
    this.#append(left, right);
    this.#frames += 1;
    if (this.#filled === this.#chunk.length) this.#flush();
    const { limitSeconds, silenceThreshold, silenceSeconds } = this.#settings;
    if (limitSeconds > 0 && this.#frames * frameSamples >= limitSeconds * rate) {
      this.#end('limit');
      return;
    }
    if (silenceThreshold > 0) {
      this.#silentFrames = meanLevel(left) < silenceThreshold ? this.#silentFrames + 1 : 0;
      if (this.#silentFrames * frameSamples >= silenceSeconds * rate) this.#end('silence');
    }
  }

  stop(): void {
    if (!this.#ended) this.#end('stopped');
  }

  #append(left: Int16Array, right: Int16Array): void {
    const { mix } = this.#settings;
    for (let i = 0; i < frameSamples; i++) {
      const l = left[i] as number;
      const r = right[i] as number;
      if (mix === 'stereo') {
        this.#chunk[this.#filled++] = l;
        this.#chunk[this.#filled++] = r;
      } else this.#chunk[this.#filled++] = mix === 'read' ? l : Math.max(-32768, Math.min(32767, l + r));
    }
  }

  #newChunk(): Int16Array {
    return new Int16Array(framesPerWrite * frameSamples * this.#channels);
  }

  async #open(): Promise<void> {
    try {
      await mkdir(dirname(this.#settings.path), { recursive: true });
      this.#file = await open(this.#settings.path, 'w', 0o600);
      await this.#file.write(wavHeader(rate, this.#channels, 0));
    } catch {
      this.#failed = true;
    }
  }

  #flush(): void {
    const bytes = Buffer.from(this.#chunk.buffer, 0, this.#filled * 2);
    this.#chunk = this.#newChunk();
    this.#filled = 0;
    this.#writes = this.#writes.then(async () => {
      try {
        await this.#file?.write(bytes);
      } catch {
        this.#failed = true;
      }
    });
  }

  #end(cause: RecordEnd['cause']): void {
    this.#ended = true;
    if (this.#filled > 0) this.#flush();
    const samples = this.#frames * frameSamples;
    const dataBytes = samples * this.#channels * 2;
    void this.#writes.then(async () => {
      try {
        await this.#file?.write(wavHeader(rate, this.#channels, dataBytes), 0, 44, 0);
        await this.#file?.close();
      } catch {
        this.#failed = true;
      }
      this.#onEnd({ cause: this.#failed ? 'failed' : cause, samples, fileBytes: 44 + dataBytes });
    });
  }
}

function meanLevel(frame: Int16Array): number {
  let sum = 0;
  for (let i = 0; i < frame.length; i++) sum += Math.abs(frame[i] as number);
  return sum / frame.length;
}
