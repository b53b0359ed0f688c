import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { MenuChoice } from '../db/ivr.ts';
import type { PhoneRows } from '../db/phones.ts';
import type { RouteSet } from '../db/routes.ts';
import type { ScheduleSet } from '../db/schedules.ts';

/**
 * All that routing needs and no patients: what the last good copy on disk holds, so that phones register and calls are
 * routed without a database.
 */
export type SystemRows = {
  readonly routes: RouteSet;
  readonly schedules: ScheduleSet;
  readonly phones: PhoneRows;
  readonly prompts: readonly (readonly [string, string])[];
  readonly menus: readonly {
    readonly name: string;
    readonly prompt: string;
    readonly timeoutMs: number;
    readonly tries: number;
    readonly options: readonly (readonly [string, MenuChoice])[];
  }[];
};

const format = 1;

/** Replaces `file` at once (0600: it holds the phones' digest secrets), on disk before the old copy goes. */
export async function saveSnapshot(file: string, rows: SystemRows): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const next = `${file}.new`;
  const handle = await open(next, 'w', 0o600);
  try {
    await handle.chmod(0o600);
    await handle.writeFile(JSON.stringify({ format, rows }));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(next, file);
}

/** The last copy; null when there is none of this format. Rejects when it cannot be read. */
export async function readSnapshot(file: string): Promise<SystemRows | null> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
  const snapshot = JSON.parse(text) as { format: number; rows: SystemRows };
  return snapshot.format === format ? snapshot.rows : null;
}
