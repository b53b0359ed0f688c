import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Db } from '../db/db.ts';
import { recordingsPage, unrecordedCalls } from '../db/recordings.ts';
import { Journal } from './journal.ts';
import { sha256Of } from './store.ts';

const pageSize = 500;
const staleMs = 24 * 60 * 60_000;

export type RecordingFault = {
  readonly kind:
    | 'missing'
    | 'changed'
    | 'keyless'
    | 'unopenable'
    | 'left over'
    | 'orphan'
    | 'stale'
    | 'unrecorded call';
  /** Recording or call id, or the path of a file that belongs to none. */
  readonly subject: string;
  readonly detail: string;
};
export type VerifyReport = { readonly checked: number; readonly faults: readonly RecordingFault[] };

export type VerifyOptions = {
  readonly now: Date;
  /** Calls since then are asked for their audio. */
  readonly since: Date;
  /** Older files are compared by length only; default: every file is read. */
  readonly readSince?: Date;
  /** Asked to decrypt each; resolves with null or with why it could not. */
  readonly open?: (id: string) => Promise<string | null>;
};

/** Compares rows, keys and files: what is missing, changed, left over or belongs to nobody, and calls that should have audio and do not. */
export async function verifyRecordings(db: Db, folder: string, options: VerifyOptions): Promise<VerifyReport> {
  const faults: RecordingFault[] = [];
  // Files first: a recording that begins meanwhile then has its row or journal entry, never only its file.
  const files = await sealedFiles(folder);
  const known = new Set<string>();
  let checked = 0;
  for (let after: string | null = null; ; ) {
    const rows = await recordingsPage(db, after, pageSize);
    for (const row of rows) {
      known.add(row.path);
      checked += 1;
      const fault = await faultOf(row, folder, options);
      if (fault) faults.push({ ...fault, subject: row.id });
    }
    after = rows.at(-1)?.id ?? null;
    if (after === null) break;
  }
  for (const entry of await new Journal(join(folder, 'open')).entries()) known.add(entry.path);
  for (const path of files) {
    if (!known.has(path)) faults.push({ kind: 'orphan', subject: path, detail: 'a sealed file that no row names' });
  }
  for (const id of await unrecordedCalls(db, options.since)) {
    faults.push({ kind: 'unrecorded call', subject: id, detail: 'its parties were told, but there is no recording' });
  }
  return { checked, faults };
}

async function faultOf(
  row: Awaited<ReturnType<typeof recordingsPage>>[number],
  folder: string,
  { now, open, readSince = new Date(0) }: VerifyOptions,
): Promise<Omit<RecordingFault, 'subject'> | null> {
  const path = join(folder, row.path);
  const there = await stat(path).then(
    ({ size }) => size,
    () => null,
  );
  if (row.state === 'destroyed') {
    return there === null ? null : { kind: 'left over', detail: 'destroyed, but its sealed bytes are still there' };
  }
  if (row.state === 'recording') {
    const stale = now.getTime() - row.startedAt.getTime() > staleMs;
    return stale ? { kind: 'stale', detail: 'still marked as running after a day' } : null;
  }
  if (!row.hasKey) return { kind: 'keyless', detail: 'its key is gone: it cannot be opened any more' };
  if (there === null) return row.sha256 === null ? null : { kind: 'missing', detail: 'its sealed file is not there' };
  const read = row.sha256 !== null && row.startedAt >= readSince;
  if (there !== row.sizeBytes || (read && (await sha256Of(path)) !== row.sha256)) {
    return { kind: 'changed', detail: 'its sealed file is not the one that was stored' };
  }
  const because = (await open?.(row.id)) ?? null;
  return because === null ? null : { kind: 'unopenable', detail: because };
}

async function sealedFiles(folder: string): Promise<string[]> {
  const names = await readdir(folder, { recursive: true }).catch(() => [] as string[]);
  return names.filter((name) => name.endsWith('.sealed'));
}
