import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { Turns } from './turns.ts';

const syncEveryMs = 500;
// A disk that hangs holds each of these in one of the four threads of Node's pool, which names and passwords need too.
const writes = new Turns(1);
const syncs = new Turns(2);

/** An append-only file that is on the disk, not only in the kernel, half a second after each write. */
export class AppendFile {
  readonly #file: FileHandle;
  readonly #hash = createHash('sha256');
  readonly #failed: (error: Error) => void;
  #waiting: Buffer[] = [];
  #waitingBytes = 0;
  #sizeBytes = 0;
  #error: Error | null = null;
  #writing: Promise<void> | null = null;
  #syncTimer: NodeJS.Timeout | null = null;
  #syncing: Promise<void> | null = null;
  #unsynced = false;
  #closing = false;

  private constructor(file: FileHandle, failed: (error: Error) => void) {
    this.#file = file;
    this.#failed = failed;
  }

  /** Creates the file and its folder, readable by the owner's group only so that a reader of its own user can open it. `failed` is called once, at the first error. */
  static async create(path: string, failed: (error: Error) => void): Promise<AppendFile> {
    await mkdir(dirname(path), { recursive: true, mode: 0o750 });
    const file = await open(path, 'ax', 0o640);
    const folder = await open(dirname(path), 'r');
    try {
      await folder.sync(); // the new name itself must survive a power cut
    } finally {
      await folder.close();
    }
    return new AppendFile(file, failed);
  }

  /** Written in order. Nothing is written after an error: a torn frame must stay the last. */
  append(bytes: Buffer): void {
    if (this.#error) return;
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    this.#writing ??= this.#write();
  }

  /** Accepted but not yet with the kernel. */
  get waitingBytes(): number {
    return this.#waitingBytes;
  }

  get sizeBytes(): number {
    return this.#sizeBytes;
  }

  /** Writes out, syncs and closes; resolves with the SHA-256 of everything written. Never throws: `failed` has told. */
  async close(): Promise<string> {
    this.#closing = true;
    await this.#writing;
    if (this.#syncTimer) clearTimeout(this.#syncTimer);
    await this.#syncing;
    await syncs.run(() => this.#file.datasync()).catch((error: Error) => this.#fail(error));
    await this.#file.close().catch((error: Error) => this.#fail(error));
    return this.#hash.digest('hex');
  }

  async #write(): Promise<void> {
    // The next turn: one frame leaves the SDK in several pieces, which so go to the disk in one write.
    await new Promise((resolve) => setImmediate(resolve));
    try {
      while (this.#waiting.length > 0 && !this.#error) {
        const bytes = Buffer.concat(this.#waiting);
        this.#waiting = [];
        await writes.run(() => this.#file.appendFile(bytes));
        this.#hash.update(bytes);
        this.#sizeBytes += bytes.length;
        this.#waitingBytes -= bytes.length;
        this.#syncSoon();
      }
    } catch (error) {
      this.#fail(error as Error);
    }
    this.#writing = null;
  }

  #syncSoon(): void {
    this.#unsynced = true;
    if (this.#syncing !== null) return;
    this.#syncTimer ??= setTimeout(() => {
      this.#syncTimer = null;
      this.#syncing = this.#sync();
    }, syncEveryMs);
  }

  async #sync(): Promise<void> {
    this.#unsynced = false;
    await syncs.run(() => this.#file.datasync()).catch((error: Error) => this.#fail(error));
    this.#syncing = null;
    if (this.#unsynced && !this.#closing) this.#syncSoon();
  }

  #fail(error: Error): void {
    if (this.#error) return;
    this.#error = error;
    this.#waiting = [];
    this.#waitingBytes = 0;
    this.#failed(error);
  }
}
