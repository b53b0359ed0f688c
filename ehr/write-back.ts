import { setTimeout as sleep } from 'node:timers/promises';
import type { Pool } from '../db/db.ts';
import { queueEndedCalls, type WaitingCall, waitingSubjects, withHead } from '../db/write-back.ts';
import { CALL_SYSTEM, communicationOf } from './call-record.ts';
import type { Fhir } from './fhir.ts';
import { FhirFailure } from './fhir-failure.ts';

export type WriteBackOptions = {
  readonly fhir: Fhir;
  readonly pool: Pool;
  /** Least identity level whose calls are written. Default 2: a matching number alone is no proof, a wrong chart worse than none. */
  readonly minAssurance?: number;
  /** Refusals of one call by the EHR until it is set aside. Default 5. */
  readonly maxAttempts?: number;
  /** Between two looks when nobody wakes it, ms. Default 15000. */
  readonly intervalMs?: number;
  /** A call that the EHR will not take; nothing about a patient. */
  readonly onSetAside?: (why: string) => void;
};

export type WriteBack = {
  start(): void;
  /** Looks again now: a call has ended, the EHR is back. */
  wake(): void;
  stop(): Promise<void>;
  /** Delivers all that can be delivered now. Rejects when the EHR or the database is away; what waits goes on waiting. */
  drain(): Promise<number>;
};

/**
 * Writes ended calls into the EHR: in order per patient, once in effect, held without spending attempts for as long as
 * the EHR is away.
 */
export function openWriteBack(options: WriteBackOptions): WriteBack {
  const { fhir, pool, minAssurance = 2, maxAttempts = 5, intervalMs = 15_000 } = options;
  let stopping: AbortController | null = null;
  let nap = new AbortController();
  let loop: Promise<void> = Promise.resolve();

  const deliver = async ({ call, attempts }: WaitingCall) => {
    if (!call) return { failed: 'the call is no longer kept', setAside: true };
    try {
      await writeOnce(fhir, call);
      return 'delivered' as const;
    } catch (error) {
      // Only a no to this very call counts; a sick EHR is waited for.
      if (!(error instanceof FhirFailure) || !['refused', 'server-error', 'malformed'].includes(error.kind))
        throw error;
      if (error.kind !== 'refused' && !(await isWell(fhir))) throw error;
      const setAside = attempts + 1 >= maxAttempts;
      if (setAside) options.onSetAside?.(error.message);
      return { failed: error.message, setAside };
    }
  };

  const drain = async (): Promise<number> => {
    await queueEndedCalls(pool, minAssurance);
    let delivered = 0;
    for (const subject of await waitingSubjects(pool)) {
      let goOn = true;
      while (goOn) {
        const found = await withHead(pool, subject, async (head) => {
          const result = await deliver(head);
          if (result === 'delivered') delivered += 1;
          // What comes next may go once this one is delivered or out of the way.
          goOn = result === 'delivered' || result.setAside;
          return result;
        });
        goOn &&= found;
      }
    }
    return delivered;
  };

  const follow = async (signal: AbortSignal): Promise<void> => {
    while (!signal.aborted) {
      nap = new AbortController();
      // Away for now: the outbox keeps it, the next look tries again.
      await drain().catch(() => {});
      await sleep(intervalMs, undefined, { signal: AbortSignal.any([signal, nap.signal]) }).catch(() => {});
    }
  };

  return {
    start() {
      if (stopping) return;
      stopping = new AbortController();
      loop = follow(stopping.signal);
    },
    wake() {
      nap.abort();
    },
    async stop() {
      stopping?.abort();
      await loop;
      stopping = null;
    },
    drain,
  };
}

/** The server answers otherwise: what it choked on is the one thing that we sent. */
async function isWell(fhir: Fhir): Promise<boolean> {
  return fhir.search('Patient', { _count: 1 }, { by: 'get' }).then(
    () => true,
    () => false,
  );
}

/** Creates the call's Communication unless the EHR has it: by looking, and by conditional create where it is honoured. */
async function writeOnce(fhir: Fhir, call: NonNullable<WaitingCall['call']>): Promise<void> {
  const identifier = `${CALL_SYSTEM}|${call.callId}`;
  const there = await fhir.search('Communication', { identifier, _count: 1 }).catch((error) => {
    // A server that takes Communications but cannot search them.
    if (error instanceof FhirFailure && error.kind === 'refused') return null;
    throw error;
  });
  if (there?.entry?.some(({ resource }) => resource?.resourceType === 'Communication')) return;
  await fhir.createOnce(communicationOf(call), `identifier=${encodeURIComponent(identifier)}`);
}
