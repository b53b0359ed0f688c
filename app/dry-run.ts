import type { Db } from '../db/db.ts';
import { registeredExtensions } from '../db/registrations.ts';
import type { CallerDirectory, Charts } from '../ehr/types.ts';
import type { CompiledRules } from '../routing/compile.ts';
import { decide } from '../routing/decide.ts';
import type { CallerKind, CallFacts, Decision, Intent } from '../routing/types.ts';
import type { E164 } from '../sip/address.ts';
import { callerKindOf } from './calls/identify.ts';
import type { PhoneBook } from './phone-book.ts';

/** A call that is only thought of. */
export type ImaginedCall = {
  readonly line: E164;
  /** Null: withheld. */
  readonly from: E164 | null;
  readonly at: Date;
  readonly intent: Intent | null;
  /** What the number would be taken for, instead of what the phone index says. */
  readonly caller?: CallerKind;
  /** As if every phone were registered. */
  readonly everyPhone?: boolean;
};

const identifyMs = 2_000;
const chartMs = 3_000;

/** What would happen to a call, without one: the facts as they stand, people free, and the decision on them. */
export async function dryRun(
  call: ImaginedCall,
  on: {
    readonly db: Db;
    readonly rules: CompiledRules;
    readonly phones: PhoneBook;
    readonly directory: CallerDirectory;
    /** Null: no EHR is asked. */
    readonly charts: Charts | null;
  },
): Promise<{ readonly facts: CallFacts; readonly decision: Decision }> {
  const [match, registered] = await Promise.all([
    on.directory.identify(call.from, identifyMs),
    registeredExtensions(on.db),
  ]);
  const caller = call.caller ?? callerKindOf(match);
  const patientId = match.kind === 'one' && caller === 'known' ? match.candidate.patientId : null;
  const summary = patientId !== null && on.charts ? await on.charts.summary(patientId, chartMs) : null;
  const facts: CallFacts = {
    line: call.line,
    callerNumber: call.from,
    caller,
    assurance: caller === 'known' ? 1 : 0,
    intent: call.intent,
    urgent: call.intent === 'urgent',
    at: call.at,
    chart: summary && on.charts ? on.charts.facts(summary) : null,
    staff: on.phones.staff({
      registered: (extension) => call.everyPhone === true || registered.has(extension),
      busy: () => false,
    }),
    queues: [],
  };
  return { facts, decision: decide(facts, on.rules) };
}
