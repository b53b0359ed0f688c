import type { CallerMatch, Candidate, ChartSummary } from '../../ehr/types.ts';
import type { AssuranceLevel, CallerKind, ChartFacts } from '../../routing/types.ts';
import type { E164 } from '../../sip/address.ts';
import type { Attestation } from '../../sip/ports.ts';
import { candidateView, cardView, pendingCard } from '../patient-view.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';
import type { Verification } from './verify.ts';

/** Who is calling when the call is routed, as sure as we are then. */
export type Identity = {
  readonly kind: CallerKind;
  readonly assurance: AssuranceLevel;
  readonly chart: Promise<ChartSummary | null>;
};

/** What is known of the caller so far. Never rejects: identification never prevents routing. */
export type Identification = {
  /** The phone index has answered, or its deadline has passed. */
  readonly match: Promise<CallerMatch>;
  /** The chart of a single match, or null: none, or the EHR was too slow. */
  readonly chart: Promise<ChartSummary | null>;
};

/** Step 1: the number (of the caller, or the one that we call) in the phone index, on the screens at once. Step 2: the chart, on the screens when it comes. */
export function identify(call: Call, on: CallDeps, number: E164 | null = callerNumber(call)): Identification {
  const match = matchNumber(number, call, on);
  const chart = match.then((found) => (found.kind === 'one' ? readChart(call, found.candidate.patientId, on) : null));
  return { match, chart };
}

const callerNumber = ({ caller }: Call) => (caller.withheld ? null : caller.number);

async function matchNumber(number: E164 | null, call: Call, on: CallDeps): Promise<CallerMatch> {
  const match = await on.directory.identify(number, on.identifyMs);
  const today = new Date();
  const candidates = candidatesOf(match);
  const [only] = match.kind === 'one' ? candidates : [];
  const assurance = assuranceOf(match, call.caller.attestation);
  call.show({
    match: match.kind,
    assurance,
    assuranceBecause: only?.because ?? (match.kind === 'none' ? (match.because ?? null) : null),
    candidates: candidates.map((candidate) => candidateView(candidate, today)),
    patientId: only?.patientId ?? null,
    card: only ? pendingCard(only.patientId) : null,
  });
  call.reached('identified');
  on.metrics.matchesTotal.inc({ kind: match.kind });
  on.journal.record({
    kind: 'identified',
    callId: call.id,
    match: match.kind,
    patientId: only?.patientId ?? null,
    assurance,
  });
  call.event('identified', { match: match.kind, candidates: candidates.length, assurance });
  return match;
}

async function readChart(call: Call, patientId: string, on: CallDeps): Promise<ChartSummary> {
  const summary = await on.charts.summary(patientId, on.summaryMs);
  // Staff may have chosen somebody else meanwhile.
  call.show((view) => (view.patientId === patientId ? { card: cardView(summary) } : {}));
  call.reached('charted');
  call.event('charted', { parts: partStates(summary) });
  void showLaterParts(call, patientId, on);
  return summary;
}

/** What the EHR gives after the deadline still reaches the card. */
async function showLaterParts(call: Call, patientId: string, on: CallDeps): Promise<void> {
  const summary = await on.charts.later(patientId);
  if (summary) call.show((view) => (view.patientId === patientId ? { card: cardView(summary) } : {}));
}

/**
 * What the number alone says, raised by the keyed date of birth when `verify` asks for it or the number is several
 * patients'. One who passes it over is routed all the same.
 */
export async function settle(
  identification: Identification,
  verify: (candidates: readonly Candidate[]) => Promise<Verification>,
  wanted: boolean,
  call: Call,
  on: CallDeps,
): Promise<Identity> {
  const match = await identification.match;
  const candidates = candidatesOf(match);
  const claimed = {
    kind: callerKindOf(match),
    assurance: assuranceOf(match, call.caller.attestation),
    chart: identification.chart,
  };
  if (!wanted || candidates.length === 0) return claimed;
  const verification = await verify(candidates);
  if (verification.kind === 'unverified') return claimed;
  const { candidate, assurance } = verification;
  const { patientId } = candidate;
  call.show((view) => ({
    match: 'one',
    assurance,
    assuranceBecause: 'the date of birth was keyed',
    patientId,
    card: view.card?.patientId === patientId ? view.card : pendingCard(patientId),
  }));
  on.journal.record({ kind: 'identified', callId: call.id, match: 'one', patientId, assurance });
  const chart = match.kind === 'one' ? identification.chart : readChart(call, patientId, on);
  return { kind: 'known', assurance, chart };
}

/** Staff said who is calling (null: nobody of those): the live call gets that patient's card, the record the change. */
export async function identifiedByStaff(
  change: { callId: string; patientId: string | null; assurance: AssuranceLevel; because: string; by: string },
  on: CallDeps,
): Promise<void> {
  const { callId, patientId, assurance, because, by } = change;
  on.journal.record({ kind: 'identified', callId, match: patientId === null ? 'none' : 'one', patientId, assurance });
  on.journal.event(callId, 'identified-by-staff', { assurance, because, by });
  if (patientId === null) return;
  const summary = await on.charts.summary(patientId, on.summaryMs);
  on.live.update(callId, (view) => (view.patientId === patientId ? { ...view, card: cardView(summary) } : view));
}

/** Level 1 is what a number alone can give; a failed signature takes it away (design.md §5). */
export function assuranceOf(match: CallerMatch, attestation: Attestation): AssuranceLevel {
  return match.kind === 'one' && attestation !== 'failed' ? 1 : 0;
}

export function callerKindOf(match: CallerMatch): CallerKind {
  switch (match.kind) {
    case 'one':
      return 'known';
    case 'several':
      return 'ambiguous';
    case 'none':
      if (match.not === 'blocked') return 'blocked';
      return match.not === 'facility' ? 'other-clinic' : 'unknown';
    case 'withheld':
    case 'unavailable':
      return 'unknown';
    default:
      return match satisfies never;
  }
}

/** The chart's facts for routing, if it comes within `ms`. */
export async function chartFactsWithin(ms: number, { chart }: Identity, on: CallDeps): Promise<ChartFacts | null> {
  const timer = Promise.withResolvers<null>();
  const timeout = setTimeout(() => timer.resolve(null), ms);
  const summary = await Promise.race([chart, timer.promise]);
  clearTimeout(timeout);
  return summary && on.charts.facts(summary);
}

function partStates(summary: ChartSummary): Record<string, string> {
  const { patientId: _, ...parts } = summary;
  return Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.state]));
}

function candidatesOf(match: CallerMatch): readonly Candidate[] {
  if (match.kind === 'one') return [match.candidate];
  return match.kind === 'several' ? match.candidates : [];
}
