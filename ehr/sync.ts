import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../db/db.ts';
import type { Region } from '../sip/address.ts';
import type { Fhir } from './fhir.ts';
import { FhirFailure } from './fhir-failure.ts';
import { fillByExport } from './sync-export.ts';
import { type ReadOptions, readSource } from './sync-read.ts';
import { syncSources } from './sync-sources.ts';
import type { PatientId } from './types.ts';

export type SyncOptions = {
  readonly fhir: Fhir;
  readonly pool: Pool;
  readonly region: Region;
  readonly now?: () => Date;
  /** Between two deltas, ms. Default 60000. */
  readonly intervalMs?: number;
  /** Longest wait after a failure, ms; the first is 1000. Default 60000. */
  readonly maxBackoffMs?: number;
  /** Default 500. */
  readonly pageSize?: number;
  /** Default 120000. */
  readonly overlapMs?: number;
  /** Default a day. */
  readonly fullEveryMs?: number;
  /** Default 0.2. */
  readonly maxRemovedShare?: number;
  /** Patients whose identity has changed. */
  readonly onChanged?: (patientIds: readonly PatientId[]) => void;
  /** Called when `state` or `lastError` has changed. */
  readonly onState?: (status: SyncStatus) => void;
};

export type SyncStatus = {
  /** `filling`: the first read is under way; `current`: the last run went well; `failing`: it did not. */
  readonly state: 'stopped' | 'filling' | 'current' | 'failing';
  readonly lastSuccessAt: Date | null;
  /** Why the last run failed, without patient data. */
  readonly lastError: string | null;
  /** Resources read in the run that is under way or the last one. */
  readonly read: number;
};

export type Sync = {
  readonly status: SyncStatus;
  /** Begins to follow the EHR; failures only delay. */
  start(): void;
  /** Ends after the page under way. */
  stop(): Promise<void>;
  /** One run now: everything new into the index. Rejects when the EHR or the database fails. */
  runOnce(signal?: AbortSignal): Promise<void>;
};

/** Keeps the phone index equal to what the EHR says. */
export function openSync(options: SyncOptions): Sync {
  const { now = () => new Date(), intervalMs = 60_000, maxBackoffMs = 60_000 } = options;
  const sources = syncSources(options.region);
  let status: SyncStatus = { state: 'stopped', lastSuccessAt: null, lastError: null, read: 0 };
  let stopping: AbortController | null = null;
  let loop: Promise<void> = Promise.resolve();

  const become = (change: Partial<SyncStatus>) => {
    const before = status;
    status = { ...status, ...change };
    if (before.state !== status.state || before.lastError !== status.lastError) options.onState?.(status);
  };

  const runOnce = async (signal: AbortSignal = new AbortController().signal): Promise<void> => {
    status = { ...status, read: 0 };
    const read: ReadOptions = {
      fhir: options.fhir,
      pool: options.pool,
      now: now(),
      signal,
      pageSize: options.pageSize ?? 500,
      overlapMs: options.overlapMs ?? 120_000,
      fullEveryMs: options.fullEveryMs ?? 86_400_000,
      maxRemovedShare: options.maxRemovedShare ?? 0.2,
      onPage: (page) => {
        status = { ...status, read: status.read + page.read };
        if (page.changed.length > 0) options.onChanged?.(page.changed);
      },
    };
    await fillByExport(sources, read);
    for (const source of sources) await readSource(source, read).catch((error) => onlyIfNeeded(source.type, error));
    become({ state: 'current', lastSuccessAt: now(), lastError: null });
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    let backoffMs = 1000;
    become({ state: 'filling' });
    while (!signal.aborted) {
      try {
        await runOnce(signal);
        backoffMs = 1000;
        await sleep(intervalMs, undefined, { signal });
      } catch (error) {
        if (signal.aborted) break;
        become({ state: 'failing', lastError: error instanceof Error ? error.message : 'unknown' });
        await sleep(backoffMs, undefined, { signal }).catch(() => {});
        backoffMs = Math.min(backoffMs * 2, maxBackoffMs);
      }
    }
    become({ state: 'stopped' });
  };

  return {
    get status() {
      return status;
    },
    start() {
      if (stopping) return;
      stopping = new AbortController();
      loop = follow(stopping.signal);
    },
    async stop() {
      stopping?.abort();
      await loop;
      stopping = null;
    },
    runOnce,
  };
}

/** Without patients there is no index; an EHR that keeps no related persons or will not show its diary only ranks worse. */
function onlyIfNeeded(type: string, error: unknown): void {
  const refused = error instanceof FhirFailure && error.kind === 'refused';
  if (type === 'Patient' || !refused) throw error;
}
