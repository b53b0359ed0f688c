import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

/*
 * What Postgres does not know yet. Each recording's sealed key and particulars are a small file from before its first
 * audio until its rows are complete, so that neither a lost database nor a killed process leaves audio without its key.
 * The key in it is sealed to the public key: the file opens nothing by itself.
 */
const Entry = z.object({
  id: z.uuid(),
  callId: z.uuid(),
  node: z.string(),
  startedAt: z.coerce.date(),
  law: z.enum(['PCMU', 'PCMA']),
  path: z.string(),
  sealedKey: z.base64(),
  publicKeyId: z.string(),
  end: z
    .object({
      endedAt: z.coerce.date(),
      state: z.enum(['sealed', 'broken', 'destroyed']),
      because: z.string().nullable(),
      durationMs: z.number(),
      sizeBytes: z.number(),
      sha256: z.string().nullable(),
      gaps: z.array(z.object({ atMs: z.number(), lengthMs: z.number(), reason: z.string() })),
    })
    .nullable(),
});
export type JournalEntry = z.infer<typeof Entry>;
export type RecordingEnd = NonNullable<JournalEntry['end']>;

/** The folder of those files. */
export class Journal {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** On the disk, whole, when it resolves; replaces the entry of the same recording. */
  async put(entry: JournalEntry): Promise<void> {
    await mkdir(this.#folder, { recursive: true, mode: 0o700 });
    const path = this.#path(entry.id);
    const file = await open(`${path}.new`, 'w', 0o600);
    try {
      await file.writeFile(JSON.stringify(entry));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(`${path}.new`, path);
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { force: true });
  }

  /** Every whole entry; a torn one was replaced before it was whole, and is skipped. */
  async entries(): Promise<JournalEntry[]> {
    const names = await readdir(this.#folder).catch(() => [] as string[]);
    const entries: JournalEntry[] = [];
    for (const name of names.filter((each) => each.endsWith('.json'))) {
      const text = await readFile(join(this.#folder, name), 'utf8').catch(() => '');
      const parsed = Entry.safeParse(parseJson(text));
      if (parsed.success) entries.push(parsed.data);
    }
    return entries;
  }

  #path(id: string): string {
    return join(this.#folder, `${id}.json`);
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
