import type { Bundle, Resource } from '@medplum/fhirtypes';
import { inTransaction, type Pool } from '../db/db.ts';
import {
  advanceCursor,
  countUnseenPatients,
  forgetSeen,
  noteSeen,
  noteSync,
  readSyncState,
  type SyncState,
} from '../db/sync.ts';
import type { Fhir } from './fhir.ts';
import { FhirFailure } from './fhir-failure.ts';
import type { SyncSource } from './sync-sources.ts';
import type { PatientId } from './types.ts';

export type ReadOptions = {
  readonly fhir: Fhir;
  readonly pool: Pool;
  readonly now: Date;
  readonly signal: AbortSignal;
  /** Resources asked for a page. */
  readonly pageSize: number;
  /** How far before the cursor a delta begins, ms: writes that became visible late. */
  readonly overlapMs: number;
  /** How long a full read holds, ms. */
  readonly fullEveryMs: number;
  /** Patients that a full read may remove at once without being told so, as a share of all. */
  readonly maxRemovedShare: number;
  readonly onPage?: (page: {
    readonly type: string;
    readonly read: number;
    readonly changed: readonly PatientId[];
  }) => void;
};

/**
 * Reads one resource type into the index: the first time all of it, then what changed since the cursor, and now and
 * then all of it again to find what was deleted. Interrupted anywhere, the next run goes on; repeated, it changes
 * nothing. Throws `FhirFailure` or the database's error, after noting it.
 */
export async function readSource(source: SyncSource, options: ReadOptions): Promise<void> {
  const state = await readSyncState(options.pool, source.type);
  const again = state.fullReadAt !== null && options.now.getTime() - state.fullReadAt.getTime() > options.fullEveryMs;
  try {
    if (again) await reconcile(source, options);
    else await readChanges(source, state, options);
    await noteSync(options.pool, source.type, { error: null, full: again || state.fullReadAt === null });
  } catch (error) {
    const text = error instanceof FhirFailure || error instanceof RemovalRefused ? error.message : 'database away';
    await noteSync(options.pool, source.type, { error: text, full: false }).catch(() => {});
    throw error;
  }
}

/** A full read that met too few patients: more likely a fault of the EHR than a wish. */
export class RemovalRefused extends Error {}

async function readChanges(source: SyncSource, state: SyncState, options: ReadOptions): Promise<void> {
  let cursor = state.cursor;
  let ascending = true;
  for await (const resources of pages(source, sinceOf(state, options), options)) {
    const newest = newestOf(resources);
    ascending &&= isAscending(resources, cursor, options.overlapMs);
    const end = later(cursor, newest);
    const changed = await inTransaction(options.pool, async (db) => {
      const stored = await source.store(db, once(resources));
      // Only where pages come in the order of change is everything before this page read.
      if (ascending && end && end !== cursor) await advanceCursor(db, source.type, end);
      return stored;
    });
    cursor = end;
    options.onPage?.({ type: source.type, read: resources.length, changed });
  }
  if (cursor && cursor !== state.cursor) await advanceCursor(options.pool, source.type, cursor);
}

async function reconcile(source: SyncSource, options: ReadOptions): Promise<void> {
  const { pool } = options;
  let cursor: string | null = null;
  await forgetSeen(pool, source.type);
  for await (const resources of pages(source, {}, options)) {
    const changed = await inTransaction(pool, async (db) => {
      const ids = resources.flatMap(({ id }) => (id ? [id] : []));
      await noteSeen(db, source.type, ids);
      return source.store(db, once(resources));
    });
    cursor = later(cursor, newestOf(resources));
    options.onPage?.({ type: source.type, read: resources.length, changed });
  }
  if (source.removeUnseen) {
    if (source.type === 'Patient') await refuseGreatLoss(options);
    await source.removeUnseen(pool);
  }
  await forgetSeen(pool, source.type);
  if (cursor) await advanceCursor(pool, source.type, cursor);
}

async function refuseGreatLoss({ pool, maxRemovedShare }: ReadOptions): Promise<void> {
  const { known, unseen } = await countUnseenPatients(pool);
  if (unseen > Math.max(10, known * maxRemovedShare))
    throw new RemovalRefused(`full read lacks ${unseen} of ${known} patients; nothing was removed`);
}

type Since = { readonly _lastUpdated?: string };

/**
 * From a little before the cursor, because a write may become visible after a later one. Once nothing newer has come
 * for twice that long, strictly after it: an EHR that was loaded at one stroke has everybody at the same instant.
 */
function sinceOf({ cursor, cursorMovedAt }: SyncState, { overlapMs, now }: ReadOptions): Since {
  if (!cursor) return {};
  const settled = cursorMovedAt !== null && now.getTime() - cursorMovedAt.getTime() > 2 * overlapMs;
  if (settled) return { _lastUpdated: `gt${cursor}` };
  return { _lastUpdated: `ge${new Date(Date.parse(cursor) - overlapMs).toISOString()}` };
}

async function* pages(source: SyncSource, since: Since, options: ReadOptions): AsyncGenerator<Resource[]> {
  const { fhir, signal, now } = options;
  const given = { signal, by: 'get', timeoutMs: 60_000 } as const;
  const params = { ...source.where(now), ...since, _count: options.pageSize };
  const sorted = { ...params, _sort: '_lastUpdated' };
  let page: Bundle | null = await fhir.search(source.type, sorted, given).catch((error) => {
    // Not every server can sort; the cursor then moves only at the end.
    if (error instanceof FhirFailure && error.status === 400) return fhir.search(source.type, params, given);
    throw error;
  });
  const links = new Set<string>();
  while (page) {
    const entries = Array.isArray(page.entry) ? page.entry : [];
    const found = entries.flatMap(({ resource }) => (resource?.resourceType === source.type ? [resource] : []));
    if (found.length > 0) yield found;
    const link = page.link?.find(({ relation }) => relation === 'next')?.url;
    if (link && links.has(link)) throw new FhirFailure('malformed', { message: 'page links go in a circle' });
    if (link) links.add(link);
    page = await fhir.next(page, given);
  }
}

/** The last of each id: a page may hold two versions of one resource. */
function once(resources: readonly Resource[]): Resource[] {
  return [...new Map(resources.map((resource) => [resource.id, resource])).values()];
}

function updatedAt(resource: Resource): number {
  return Date.parse(resource.meta?.lastUpdated ?? '');
}

function newestOf(resources: readonly Resource[]): string | null {
  const times = resources.map(updatedAt).filter(Number.isFinite);
  return times.length > 0 ? new Date(Math.max(...times)).toISOString() : null;
}

function later(a: string | null, b: string | null): string | null {
  return a === null || (b !== null && b > a) ? b : a;
}

function isAscending(resources: readonly Resource[], cursor: string | null, overlapMs: number): boolean {
  const times = resources.map(updatedAt);
  const floor = cursor ? Date.parse(cursor) - overlapMs : Number.NEGATIVE_INFINITY;
  return times.every((time, i) => time >= (i === 0 ? floor : (times[i - 1] ?? floor)));
}
