import { LRUCache } from 'lru-cache';
import type { Pool } from '../db/db.ts';
import { readSummary, saveSummary } from '../db/summaries.ts';
import type { ChartFacts } from '../routing/types.ts';
import type { Fhir } from './fhir.ts';
import { FhirFailure } from './fhir-failure.ts';
import type { PartName } from './summary-parts.ts';
import { type Arrived, askRound, PART_NAMES, type Round } from './summary-round.ts';
import type { ChartSummary, Charts, Part, PatientId } from './types.ts';

export type ChartsOptions = {
  readonly fhir: Fhir;
  readonly pool: Pool;
  /** Whether the server takes a FHIR batch; asked before each round. */
  readonly batch: () => boolean;
  readonly now?: () => Date;
  /** How long an answer counts as fresh without asking again, ms. Default 15000: one call's steps. */
  readonly freshMs?: number;
  /** Charts held in memory. Default 500. */
  readonly remembered?: number;
};

type CachedChart = Map<PartName, Arrived>;

/** Chart summaries with `forget`, which drops what memory holds of charts that have changed. */
export type CachedCharts = Charts & { forget(patientIds: readonly PatientId[]): void };

/** Chart summaries from the EHR; parts that are late come from memory or Postgres, with their age. */
export function openCharts(options: ChartsOptions): CachedCharts {
  const { fhir, pool, now = () => new Date(), freshMs = 15_000 } = options;
  const memory = new LRUCache<PatientId, CachedChart>({ max: options.remembered ?? 500 });
  const underWay = new Map<PatientId, Round>();

  /** The round that is under way for this chart, or a new one. What arrives late is kept for the next call. */
  const askOnce = (patientId: PatientId): Round => {
    const known = underWay.get(patientId);
    if (known) return known;
    const round = askRound(fhir, patientId, { batch: options.batch(), now });
    underWay.set(patientId, round);
    void keep(patientId, round);
    return round;
  };

  const keep = async (patientId: PatientId, round: Round): Promise<void> => {
    const settled = await Promise.allSettled(PART_NAMES.map((part) => round[part]));
    underWay.delete(patientId);
    const chart = memory.get(patientId) ?? new Map();
    const arrived = PART_NAMES.flatMap((part, i) => {
      const outcome = settled[i];
      return outcome?.status === 'fulfilled' ? [{ part, ...outcome.value }] : [];
    });
    for (const { part, value, asOf } of arrived) chart.set(part, { value, asOf });
    memory.set(patientId, chart);
    // The database may be away; memory holds the parts then.
    if (arrived.length > 0) await saveSummary(pool, patientId, arrived).catch(() => {});
  };

  /** What we hold of the chart, by part; read from Postgres the first time. */
  const cached = async (patientId: PatientId): Promise<CachedChart> => {
    const known = memory.get(patientId);
    if (known) return known;
    const stored = await readSummary(pool, patientId).catch(() => []);
    const chart: CachedChart = new Map(
      stored.map(({ part, value, asOf }) => [part as PartName, { value, asOf } as Arrived]),
    );
    // A round may have ended meanwhile: what it brought is newer.
    for (const [part, newer] of memory.get(patientId) ?? []) chart.set(part, newer);
    memory.set(patientId, chart);
    return chart;
  };

  const compose = async (patientId: PatientId, sources: Sources): Promise<ChartSummary> => {
    const parts = await Promise.all(PART_NAMES.map(async (part) => [part, await onePart(part, sources)]));
    return { patientId, ...Object.fromEntries(parts) } as ChartSummary;
  };

  return {
    get available() {
      return fhir.breaker !== 'open';
    },

    summary(patientId, deadlineMs) {
      const until = deadline(deadlineMs);
      const known = memory.get(patientId);
      const recent = (part: PartName) => now().getTime() - (known?.get(part)?.asOf.getTime() ?? 0) < freshMs;
      if (known && PART_NAMES.every(recent))
        return compose(patientId, { round: null, older: known, until, fresh: true });
      return compose(patientId, { round: askOnce(patientId), older: cached(patientId), until, fresh: false });
    },

    async later(patientId) {
      const round = underWay.get(patientId);
      if (!round) return null;
      await Promise.allSettled(PART_NAMES.map((part) => round[part]));
      return compose(patientId, { round, older: cached(patientId), until: deadline(1000), fresh: false });
    },

    facts,

    forget(patientIds) {
      for (const id of patientIds) memory.delete(id);
    },
  };
}

type Sources = {
  readonly round: Round | null;
  readonly older: CachedChart | Promise<CachedChart>;
  readonly until: Promise<typeof LATE>;
  readonly fresh: boolean;
};

async function onePart(part: PartName, sources: Sources): Promise<Part<unknown>> {
  let reason: 'timeout' | 'error' | 'unsupported' = 'timeout';
  try {
    const arrived = sources.round ? await Promise.race([sources.round[part], sources.until]) : LATE;
    if (arrived !== LATE) return { state: 'fresh', ...arrived };
  } catch (error) {
    reason = reasonOf(error);
  }
  const older = await Promise.race([sources.older, sources.until]);
  const copy = older === LATE ? undefined : older.get(part);
  if (!copy) return { state: 'unavailable', reason };
  return { state: sources.fresh ? 'fresh' : 'cached', asOf: copy.asOf, value: copy.value };
}

function reasonOf(error: unknown): 'timeout' | 'error' | 'unsupported' {
  if (!(error instanceof FhirFailure)) return 'error';
  if (error.kind === 'timeout') return 'timeout';
  return error.kind === 'refused' ? 'unsupported' : 'error';
}

const LATE = Symbol('late');

/** Resolves with `LATE` after that many ms; holds no process open. */
function deadline(ms: number): Promise<typeof LATE> {
  return new Promise((resolve) => setTimeout(resolve, ms, LATE).unref());
}

/** What routing may use of a chart: references and dates; what is not there is null or empty. */
function facts(summary: ChartSummary): ChartFacts {
  const demographics = held(summary.demographics);
  const lastVisit = held(summary.lastVisit);
  const next = held(summary.nextAppointment);
  const known = held(summary.openItems);
  const open = known ?? [];
  const result = open.find(({ kind }) => kind === 'result');
  return {
    pcp: demographics?.pcp?.id ?? null,
    lastSeen: lastVisit?.practitionerId ? { practitioner: lastVisit.practitionerId, at: new Date(lastVisit.at) } : null,
    nextAppointment: next ? { practitioner: next.practitionerId, at: new Date(next.at) } : null,
    openResult: result ? { orderedBy: result.byId } : null,
    // Unread is not the same as none: a rule on open orders then does not apply.
    ...(known && { openOrder: known.some(({ kind }) => kind === 'order') }),
    openTask: open.some(({ kind }) => kind === 'task'),
    careTeam: (held(summary.careTeam) ?? []).map(({ id }) => id),
    flags: (held(summary.flags) ?? []).map(({ text }) => text),
    language: demographics?.language ?? null,
    birthDate: demographics?.birthDate ?? null,
  };
}

function held<T>(part: Part<T>): T | null {
  return part.state === 'unavailable' ? null : part.value;
}
