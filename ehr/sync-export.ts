import type { Resource } from '@medplum/fhirtypes';
import { inTransaction } from '../db/db.ts';
import { advanceCursor, dropSyncState, noteSync, readSyncState } from '../db/sync.ts';
import { awaitExport, type ExportProgress, readExportFile, requestExport } from './bulk.ts';
import { abilitiesOf } from './connection.ts';
import { FhirFailure } from './fhir-failure.ts';
import type { ReadOptions } from './sync-read.ts';
import type { SyncSource } from './sync-sources.ts';

/** Row of `sync_state` that holds an export under way. */
const EXPORT = 'export';
export const BATCH = 500;

/**
 * Fills an empty index by Bulk Data export where the server offers one; afterwards the sources are as if read by pages.
 * Returns false when there is nothing to fill or no export to be had. Begun once, it goes on after a restart.
 */
export async function fillByExport(sources: readonly SyncSource[], options: ReadOptions): Promise<boolean> {
  const { pool, fhir, signal } = options;
  const people = sources.filter(({ removeUnseen }) => removeUnseen);
  const states = await Promise.all(people.map(({ type }) => readSyncState(pool, type)));
  if (states.some(({ cursor, fullReadAt }) => cursor !== null || fullReadAt !== null)) return false;
  try {
    const progress = (await progressUnderWay(options)) ?? (await begin(people, options));
    if (!progress) return false;
    const manifest = await awaitExport(fhir, progress.statusUrl, signal);
    for (const source of people)
      for (const file of manifest.files.filter(({ type }) => type === source.type))
        await takeIn(source, file, progress, options);
    for (const { type } of people) {
      await advanceCursor(pool, type, new Date(manifest.transactionTime).toISOString());
      await noteSync(pool, type, { error: null, full: true });
    }
    await dropSyncState(pool, EXPORT);
    return true;
  } catch (error) {
    // The export is gone, or was never to be had: pages do.
    if (!(error instanceof FhirFailure) || !['refused', 'unsafe', 'malformed'].includes(error.kind)) throw error;
    await dropSyncState(pool, EXPORT);
    return false;
  }
}

async function begin(
  people: readonly SyncSource[],
  { fhir, pool, signal }: ReadOptions,
): Promise<ExportProgress | null> {
  const abilities = abilitiesOf(await fhir.capabilities({ signal }));
  if (!abilities.bulkExport) return null;
  const statusUrl = await requestExport(
    fhir,
    people.map(({ type }) => type),
    signal,
  ).catch((error) => {
    // Not every server keeps related persons.
    if (error instanceof FhirFailure && error.kind === 'refused') return requestExport(fhir, ['Patient'], signal);
    throw error;
  });
  const progress = { statusUrl, doneFiles: [] };
  await advanceCursor(pool, EXPORT, JSON.stringify(progress));
  return progress;
}

async function progressUnderWay({ pool }: ReadOptions): Promise<ExportProgress | null> {
  const { cursor } = await readSyncState(pool, EXPORT);
  return cursor ? (JSON.parse(cursor) as ExportProgress) : null;
}

/** Stores one file unless that is done already. */
async function takeIn(
  source: SyncSource,
  file: { readonly type: string; readonly url: string },
  progress: ExportProgress,
  options: ReadOptions,
): Promise<void> {
  const { pool, fhir, signal } = options;
  const done = new Set((await progressUnderWay(options))?.doneFiles ?? progress.doneFiles);
  if (done.has(file.url)) return;
  const batches = readExportFile(fhir, file, { batchSize: BATCH, signal });
  await storeBatches(source, batches, options);
  const doneFiles = [...done, file.url];
  await advanceCursor(pool, EXPORT, JSON.stringify({ ...progress, doneFiles }));
}

/** Stores batches of resources, each in its own transaction; the next is read while the last is being written. */
export async function storeBatches(
  source: SyncSource,
  batches: AsyncIterable<Resource[]>,
  { pool, onPage }: Pick<ReadOptions, 'pool' | 'onPage'>,
): Promise<void> {
  let writing: Promise<unknown> = Promise.resolve();
  for await (const batch of batches) {
    await writing;
    const resources = [...new Map(batch.map((resource) => [resource.id, resource])).values()];
    writing = inTransaction(pool, (db) => source.store(db, resources)).then((changed) =>
      onPage?.({ type: source.type, read: batch.length, changed }),
    );
    // Awaited in the next turn; a failure until then is no unhandled one.
    writing.catch(() => {});
  }
  await writing;
}
