import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import type { Logger } from 'pino';
import type { Db } from '../db/db.ts';
import { finishRecording, insertRecording, markDestroyed, runningRecordings } from '../db/recordings.ts';
import { readExtent } from './extent.ts';
import { Journal, type JournalEntry, type RecordingEnd } from './journal.ts';

const settleEveryMs = 5000;
/** How long the end of a call waits for its rows; after that they follow when the database is back. */
const storeDeadlineMs = 2000;
const foreignKeyViolation = '23503';

/** Where a recording's sealed file is, below the recordings folder. */
export function recordingPath(id: string, startedAt: Date): string {
  const [year = '', month = ''] = startedAt.toISOString().split('-');
  return join(year, month, `${id}.sealed`);
}

export type StoreOptions = {
  readonly db: Db;
  /** `data/recordings`. */
  readonly folder: string;
  readonly node: string;
  readonly log: Pick<Logger, 'info' | 'warn' | 'error'>;
};

/** Files, journal and rows of this node's recordings. A database that is away delays rows, never audio. */
export class RecordingStore {
  readonly #options: StoreOptions;
  readonly #journal: Journal;
  readonly #unsettled = new Map<string, JournalEntry>();
  readonly #live = new Set<string>();
  readonly #told = new Set<string>();
  readonly #timer: NodeJS.Timeout;
  #rowsClosed = false;

  constructor(options: StoreOptions) {
    this.#options = options;
    this.#journal = new Journal(join(options.folder, 'open'));
    this.#timer = setInterval(() => void this.#settleAll(), settleEveryMs).unref();
  }

  absolute(path: string): string {
    return join(this.#options.folder, path);
  }

  /** Journals a recording that begins; its rows follow. Rejects when the disk refuses. */
  async begin(begun: Omit<JournalEntry, 'node' | 'end'>): Promise<JournalEntry> {
    const entry: JournalEntry = { ...begun, node: this.#options.node, end: null };
    await this.#journal.put(entry);
    this.#live.add(entry.id);
    this.#unsettled.set(entry.id, entry);
    void this.#settle(entry);
    return entry;
  }

  /** Journals and stores how it ended. Never rejects; resolves within two seconds of the disk's answer. */
  async end(ended: JournalEntry & { readonly end: RecordingEnd }): Promise<void> {
    const entry = ended.end.state === 'destroyed' ? await this.#erase(ended) : await this.#measured(ended);
    await this.#journal.put(entry).catch((error: Error) => {
      this.#options.log.error({ recordingId: entry.id, err: error }, 'recording journal could not be written');
    });
    this.#unsettled.set(entry.id, entry);
    this.#live.delete(entry.id);
    await Promise.race([this.#settle(entry), new Promise((resolve) => setTimeout(resolve, storeDeadlineMs).unref())]);
  }

  /** Closes, as what they are, the recordings that an earlier process of this node left running. Resolves with their number. */
  async recover(): Promise<number> {
    let closed = 0;
    for (const entry of await this.#journal.entries()) {
      if (entry.node !== this.#options.node || this.#live.has(entry.id)) continue;
      if (entry.end === null) closed += 1;
      await this.end({ ...entry, end: entry.end ?? (await this.#endOf(entry.path)) });
    }
    return closed + (await this.#closeRows().catch(() => 0));
  }

  /** Ends rows that neither a running recording nor the journal knows: their journal was lost. */
  async #closeRows(): Promise<number> {
    const running = await runningRecordings(this.#options.db, this.#options.node);
    const lost = running.filter((row) => !this.#live.has(row.id) && !this.#unsettled.has(row.id));
    for (const { id, path } of lost) {
      const end = await this.#endOf(path);
      if (end.state !== 'destroyed') await finishRecording(this.#options.db, id, { ...end, state: end.state });
    }
    this.#rowsClosed = true;
    return lost.length;
  }

  close(): void {
    clearInterval(this.#timer);
  }

  async #settleAll(): Promise<void> {
    // One whose call has no row yet does not keep the others waiting; a database that is away does.
    for (const entry of this.#unsettled.values()) if ((await this.#settle(entry)) === 'away') return;
    if (!this.#rowsClosed) await this.#closeRows().catch(() => 0);
  }

  /** Brings the rows to what `entry` says, or tells why that must wait. */
  async #settle(entry: JournalEntry): Promise<'stored' | 'callMissing' | 'away'> {
    const { db, log } = this.#options;
    const { end } = entry;
    try {
      await insertRecording(db, { ...entry, sealed: Buffer.from(entry.sealedKey, 'base64') });
      if (end?.state === 'destroyed') {
        await finishRecording(db, entry.id, { ...end, state: 'broken' });
        await markDestroyed(db, { recordingId: entry.id, actor: 'caller', reason: end.because ?? 'opted out' });
      } else if (end) await finishRecording(db, entry.id, { ...end, state: end.state });
      if (this.#unsettled.get(entry.id) === entry) this.#unsettled.delete(entry.id);
      if (end) await this.#journal.remove(entry.id);
      this.#told.delete(entry.id);
      return 'stored';
    } catch (error) {
      if (!this.#told.has(entry.id))
        log.warn({ recordingId: entry.id, err: error }, 'recording rows wait for the database');
      this.#told.add(entry.id);
      return (error as { code?: string }).code === foreignKeyViolation ? 'callMissing' : 'away';
    }
  }

  /** Takes bytes and sealed key off the disk at once; the rows may have to wait. */
  async #erase(ended: JournalEntry): Promise<JournalEntry> {
    await rm(this.absolute(ended.path), { force: true }).catch((error: Error) => {
      this.#options.log.error({ recordingId: ended.id, err: error }, 'sealed bytes could not be removed');
    });
    return { ...ended, sealedKey: '' };
  }

  /** With the size and hash that the file really has, where writing it failed. */
  async #measured(ended: JournalEntry & { readonly end: RecordingEnd }): Promise<JournalEntry> {
    if (ended.end.sha256 !== null) return ended;
    const { sizeBytes, sha256 } = await this.#endOf(ended.path);
    return { ...ended, end: { ...ended.end, sizeBytes, sha256 } };
  }

  /** What the file itself tells of a recording whose recorder is gone. */
  async #endOf(path: string): Promise<RecordingEnd> {
    const absolute = this.absolute(path);
    try {
      const file = await open(absolute, 'r');
      const extent = await readExtent(file).finally(() => file.close());
      return {
        endedAt: (await stat(absolute)).mtime,
        state: extent?.closed ? 'sealed' : 'broken',
        because: extent?.closed ? null : 'the recorder was cut off',
        durationMs: extent?.audioMs ?? 0,
        sizeBytes: extent?.sizeBytes ?? 0,
        sha256: await sha256Of(absolute),
        gaps: [],
      };
    } catch {
      const because = 'its file is missing';
      return { endedAt: new Date(), state: 'broken', because, durationMs: 0, sizeBytes: 0, sha256: null, gaps: [] };
    }
  }
}

/** SHA-256 of a file, in hex. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
