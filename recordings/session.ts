import { randomUUID } from 'node:crypto';
import type { Logger } from 'pino';
import { Capture, type Captured } from './capture.ts';
import type { ForkServer } from './fork-server.ts';
import type { Law } from './g711.ts';
import type { JournalEntry, RecordingEnd } from './journal.ts';
import { readPublicKey } from './keys.ts';
import { type RecordingStore, recordingPath } from './store.ts';

/** How long a media server may take to connect. */
const connectDeadlineMs = 10_000;
/** How long `stop` waits for audio that is still on its way. */
const lingerMs = 300;
/** Audio kept while the file is being created: two seconds of stereo. */
const maxEarlyBytes = 64_000;

/** Why audio stopped. `disconnected`: `restart` goes on with the same recording. `broken`: nothing more can be written. */
export type RecordingLost = { readonly kind: 'disconnected' | 'broken'; readonly because: string };

/** One fork of a recording: what to hand to `MediaEndpoint.startFork`. */
export type ForkSegment = {
  readonly forkUrl: string;
  readonly metadata: Readonly<Record<string, string>>;
  /** True once the media server is connected and sealing has begun; false when either failed. Never rejects. */
  readonly opened: Promise<boolean>;
  /** Aborted, with a `RecordingLost` as reason, when audio stops arriving or can no longer be kept before `stop`. */
  readonly lost: AbortSignal;
};

export type RecordingResult = {
  readonly id: string;
  /** broken: it ended before the call did; what was taken until then opens. */
  readonly state: 'sealed' | 'broken';
  readonly because: string | null;
  readonly durationMs: number;
  readonly sizeBytes: number;
  readonly gaps: Captured['gaps'];
};

/** One call's recording. Nothing here throws or rejects: a recorder in trouble never disturbs its call. */
export interface RecordingSession extends ForkSegment {
  readonly id: string;
  /** After `lost` with kind `disconnected`: a new fork on the same recording. The time between is marked as a gap. */
  restart(): ForkSegment;
  /** Drops audio until `resume`, marked as a gap (payment, sensitive). */
  pause(): void;
  resume(): void;
  /** Ends it. Call it before or with `stopFork`, so that the closing socket is not taken for a loss. Safe to call twice. */
  stop(): Promise<RecordingResult>;
  /** Ends it and destroys key and bytes: the caller opted out. */
  discard(because: string): Promise<void>;
}

export type SessionParts = {
  readonly store: RecordingStore;
  readonly forks: ForkServer;
  readonly keysFolder: string;
  readonly clinic: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
  /** Called once, when it has ended. */
  readonly ended: (result: RecordingResult) => void;
};

type Fork = ForkSegment & { readonly abort: (lost: RecordingLost) => void; readonly cancel: () => void };

/** Begins recording a call: the fork may connect at once, while key and file are still being made. */
export function openSession(
  about: { readonly callId: string; readonly startedAt: Date; readonly law: Law },
  parts: SessionParts,
): RecordingSession {
  return new Session(about, parts);
}

class Session implements RecordingSession {
  readonly id = randomUUID();
  readonly #callId: string;
  readonly #startedAt: Date;
  readonly #law: Law;
  readonly #parts: SessionParts;
  readonly #ready: Promise<Capture | null>;
  #capture: Capture | null = null;
  #entry: JournalEntry | null = null;
  #early: { pcm: Buffer; atMs: number }[] = [];
  #earlyBytes = 0;
  #fork: Fork;
  #connected = false;
  #disconnected = Promise.withResolvers<void>();
  #paused = false;
  #stopping: Promise<RecordingResult> | null = null;
  #broken: string | null = null;
  #heard = false;

  constructor(about: { callId: string; startedAt: Date; law: Law }, parts: SessionParts) {
    this.#callId = about.callId;
    this.#startedAt = about.startedAt;
    this.#law = about.law;
    this.#parts = parts;
    this.#fork = this.#expectFork();
    this.#ready = this.#prepare();
  }

  get forkUrl(): string {
    return this.#fork.forkUrl;
  }
  get metadata(): Readonly<Record<string, string>> {
    return this.#fork.metadata;
  }
  get opened(): Promise<boolean> {
    return this.#fork.opened;
  }
  get lost(): AbortSignal {
    return this.#fork.lost;
  }

  restart(): ForkSegment {
    this.#fork.cancel();
    this.#connected = false;
    this.#fork = this.#expectFork();
    if (this.#broken !== null) this.#fork.abort({ kind: 'broken', because: this.#broken });
    return this.#fork;
  }

  pause(): void {
    this.#paused = true;
    this.#capture?.interrupt('paused', performance.now());
  }

  resume(): void {
    this.#paused = false;
  }

  stop(): Promise<RecordingResult> {
    this.#stopping ??= this.#stop(null);
    return this.#stopping;
  }

  async discard(because: string): Promise<void> {
    this.#paused = true;
    this.#stopping ??= this.#stop(because);
    await this.#stopping;
  }

  async #prepare(): Promise<Capture | null> {
    const path = recordingPath(this.id, this.#startedAt);
    let capture: Capture | null = null;
    try {
      const key = await readPublicKey(this.#parts.keysFolder);
      const about = { recordingId: this.id, callId: this.#callId, startedAt: this.#startedAt, law: this.#law };
      capture = await Capture.open(
        { ...about, clinic: this.#parts.clinic },
        this.#parts.store.absolute(path),
        key,
        (error) => this.#break(error),
      );
      this.#entry = await this.#parts.store.begin({
        id: this.id,
        callId: this.#callId,
        startedAt: this.#startedAt,
        law: this.#law,
        path,
        sealedKey: capture.sealedKey.toString('base64'),
        publicKeyId: key.id,
      });
      // The key is on the disk: only now may audio be sealed under it.
      for (const { pcm, atMs } of this.#early) capture.receive(pcm, atMs);
      if (this.#earlyBytes > maxEarlyBytes) capture.interrupt('overrun', performance.now());
      this.#early = [];
      this.#capture = capture;
      return capture;
    } catch (error) {
      this.#break(error as Error);
      await capture?.close(performance.now());
      return null;
    }
  }

  #expectFork(): Fork {
    const lost = new AbortController();
    const connected = Promise.withResolvers<boolean>();
    const abort = (why: RecordingLost) => {
      connected.resolve(false);
      if (this.#stopping === null && !lost.signal.aborted) lost.abort(why);
    };
    const deadline = setTimeout(() => this.#neverCame(abort, fork.cancel), connectDeadlineMs);
    const fork = this.#parts.forks.expect({
      connected: () => {
        clearTimeout(deadline);
        this.#connected = true;
        this.#disconnected = Promise.withResolvers();
        connected.resolve(true);
      },
      audio: (pcm) => this.#receive(pcm),
      // One that `restart` replaced may close after its successor has connected.
      disconnected: (clean) => this.#fork === segment && this.#disconnect(clean, abort),
    });
    const segment: Fork = {
      forkUrl: fork.url,
      metadata: { recording: this.id, call: this.#callId },
      opened: connected.promise.then(async (yes) => yes && (await this.#ready) !== null),
      lost: lost.signal,
      abort,
      cancel: () => {
        clearTimeout(deadline);
        connected.resolve(false);
        fork.cancel();
      },
    };
    return segment;
  }

  #neverCame(abort: Fork['abort'], cancel: () => void): void {
    cancel();
    this.#warn('the media server did not connect');
    abort({ kind: 'disconnected', because: 'the media server did not connect' });
  }

  #receive(pcm: Buffer): void {
    if (this.#paused || this.#broken !== null) return;
    this.#heard = true;
    const atMs = performance.now();
    if (this.#capture) this.#capture.receive(pcm, atMs);
    else {
      this.#earlyBytes += pcm.length;
      if (this.#earlyBytes <= maxEarlyBytes) this.#early.push({ pcm, atMs });
    }
  }

  #disconnect(clean: boolean, abort: Fork['abort']): void {
    this.#connected = false;
    this.#disconnected.resolve();
    this.#capture?.interrupt('disconnected', performance.now());
    if (clean || this.#stopping !== null) return;
    this.#warn('the media socket was lost');
    abort({ kind: 'disconnected', because: 'the media socket was lost' });
  }

  #break(error: Error): void {
    if (this.#broken !== null) return;
    this.#broken = (error as NodeJS.ErrnoException).code ?? error.message;
    this.#parts.log.error({ callId: this.#callId, recordingId: this.id, err: error }, 'recording broke');
    this.#fork.abort({ kind: 'broken', because: this.#broken });
  }

  async #stop(discardBecause: string | null): Promise<RecordingResult> {
    if (this.#connected) await Promise.race([this.#disconnected.promise, delay(lingerMs)]);
    const cutOff = !this.#connected && this.#fork.lost.aborted;
    this.#fork.cancel();
    const capture = await this.#ready;
    const captured = (await capture?.close(performance.now())) ?? nothing;
    if (!this.#heard) this.#broken ??= 'no audio arrived';
    if (cutOff) this.#broken ??= 'the media socket was lost and not restarted';
    const result: RecordingResult = {
      id: this.id,
      state: this.#broken === null ? 'sealed' : 'broken',
      because: this.#broken,
      durationMs: captured.durationMs,
      sizeBytes: captured.sizeBytes,
      gaps: captured.gaps,
    };
    await this.#finish(result, captured, discardBecause);
    this.#parts.ended(result);
    return result;
  }

  async #finish(result: RecordingResult, captured: Captured, discardBecause: string | null): Promise<void> {
    const { id: _id, ...known } = result;
    const end: RecordingEnd = { ...known, gaps: [...known.gaps], endedAt: new Date(), sha256: captured.sha256 };
    const discarded: RecordingEnd | null =
      discardBecause === null ? null : { ...end, state: 'destroyed', because: discardBecause };
    if (this.#entry) await this.#parts.store.end({ ...this.#entry, end: discarded ?? end });
  }

  #warn(message: string): void {
    this.#parts.log.warn({ callId: this.#callId, recordingId: this.id }, message);
  }
}

const nothing: Captured = { durationMs: 0, sizeBytes: 0, sha256: null, gaps: [] };

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
