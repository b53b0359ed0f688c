import { once } from 'node:events';
import { AppendFile } from './append-file.ts';
import { BlockWriter, blockBytes, type Gap, type GapReason, sampleRate } from './blocks.ts';
import type { PublicKey } from './keys.ts';
import { openSeal, type SealedFor } from './seal.ts';
import { Timeline } from './timeline.ts';

/** Four seconds wait for a slow disk, then audio is dropped and the gap marked: memory stays bounded. */
const maxWaitingBytes = 8 * blockBytes;
const closeDeadlineMs = 5000;

export type Captured = {
  readonly durationMs: number;
  readonly sizeBytes: number;
  /** Null when writing failed: what the file then holds must be read again. */
  readonly sha256: string | null;
  readonly gaps: readonly Gap[];
};

/** One recording being made: a party's PCM in, a sealed file out. Nothing of it touches the disk unsealed. */
export class Capture {
  readonly sealedKey: Buffer;
  readonly #stream: Awaited<ReturnType<typeof openSeal>>['stream'];
  readonly #file: AppendFile;
  readonly #timeline = new Timeline();
  readonly #writer: BlockWriter;
  readonly #gaps: Gap[] = [];
  #acceptedBytes = 0;
  #interrupted: { reason: GapReason; atMs: number } | null = null;
  #broken: Error | null = null;

  private constructor(
    about: SealedFor,
    seal: Awaited<ReturnType<typeof openSeal>>,
    file: AppendFile,
    broken: (error: Error) => void,
  ) {
    this.sealedKey = seal.sealedKey;
    this.#stream = seal.stream;
    this.#file = file;
    this.#stream.on('data', (bytes: Buffer) => file.append(bytes));
    this.#stream.on('error', broken);
    this.#writer = new BlockWriter(about.law, (block) => {
      this.#acceptedBytes += block.length;
      this.#stream.write(block);
    });
  }

  /** Creates the file at `path`. `broken` is called once, when nothing more can be written. Throws when it cannot begin. */
  static async open(about: SealedFor, path: string, key: PublicKey, broken: (error: Error) => void): Promise<Capture> {
    const seal = await openSeal(about, key.key, key.id);
    let capture: Capture | null = null;
    const failed = (error: Error) => {
      if (capture && !capture.#broken) capture.#broken = error;
      broken(error);
    };
    const file = await AppendFile.create(path, failed);
    capture = new Capture(about, seal, file, failed);
    return capture;
  }

  /** Stereo 16-bit little-endian PCM at 8 kHz that arrived at `nowMs` (monotonic). */
  receive(pcm: Buffer, nowMs: number): void {
    if (this.#broken) return;
    if (this.#acceptedBytes - this.#file.sizeBytes > maxWaitingBytes) {
      this.interrupt('overrun', nowMs);
      return;
    }
    const before = this.#timeline.length;
    const { start, gap } = this.#timeline.receive(Math.floor(pcm.length / 4), nowMs);
    if (gap !== 'none') this.#gaps.push(gapOf(before, start, gap));
    this.#interrupted = null;
    this.#writer.push(pcm, start, gap);
  }

  /** Audio stops here, for a reason. What came before is sealed at once. */
  interrupt(reason: GapReason, nowMs: number): void {
    this.#interrupted ??= { reason, atMs: nowMs };
    this.#timeline.interrupt(reason);
    this.#writer.flush();
  }

  /** Seals the last block, closes the file. Never throws and never hangs on a dead disk. */
  async close(nowMs: number): Promise<Captured> {
    this.#writer.flush();
    if (this.#interrupted) {
      const lengthMs = Math.round(nowMs - this.#interrupted.atMs);
      const atMs = toMs(this.#timeline.length);
      if (lengthMs >= 300) this.#gaps.push({ atMs, lengthMs, reason: this.#interrupted.reason });
    }
    const sha256 = await Promise.race([this.#end(), after(closeDeadlineMs)]);
    return {
      durationMs: toMs(this.#timeline.length),
      sizeBytes: this.#file.sizeBytes,
      sha256: this.#broken ? null : sha256,
      gaps: this.#gaps,
    };
  }

  async #end(): Promise<string> {
    // Ended even when the file is broken: destroyed, the SDK's inner streams throw where nobody can catch it.
    const ended = once(this.#stream, 'end');
    this.#stream.end();
    await ended.catch((error: Error) => {
      this.#broken ??= error;
    });
    return this.#file.close();
  }
}

const toMs = (samples: number): number => Math.floor((samples / sampleRate) * 1000);
const gapOf = (from: number, to: number, reason: GapReason): Gap => ({
  atMs: toMs(from),
  lengthMs: toMs(to - from),
  reason,
});

function after(delayMs: number): Promise<null> {
  return new Promise((resolve) => setTimeout(() => resolve(null), delayMs).unref());
}
