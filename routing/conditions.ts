import { primarySubtag } from './availability.ts';
import type { Context } from './context.ts';
import { daysSince } from './context.ts';
import { inPercentage } from './percentage.ts';
import type { Relation, RouteRow } from './rows.ts';

/** One condition of a rule. Equal `key`s hold for the same calls, so that each is worked out once a decision. */
export type Condition = {
  readonly key: string;
  /** In words: 'intent refill'. */
  readonly needs: string;
  readonly holds: (call: Context) => boolean;
  /** What the call has instead, in words; no names and no clinical text. */
  readonly found: (call: Context) => string;
};

export const relations: ReadonlySet<string> = new Set<Relation>(['pcp', 'last-seen', 'result-owner', 'line-owner']);

/** The conditions of `row` in the order in which they are tried, cheapest first; the line and `urgent` are not among them. */
export function conditionsOf(row: RouteRow): Condition[] {
  return [...callConditions(row), ...chartConditions(row), ...clinicConditions(row)];
}

function callConditions(row: RouteRow): Condition[] {
  const { caller, intent, minAssurance, directLine, percentage } = row;
  const language = row.language === null ? null : primarySubtag(row.language);
  return [
    caller !== null && {
      key: `caller ${caller}`,
      needs: `caller ${caller}`,
      holds: (call: Context) => call.facts.caller === caller,
      found: (call: Context) => `the caller is ${call.facts.caller}`,
    },
    intent !== null && {
      key: `intent ${intent}`,
      needs: `intent ${intent}`,
      holds: (call: Context) => call.facts.intent === intent,
      found: (call: Context) =>
        call.facts.intent === null ? 'the caller chose nothing' : `the caller chose ${call.facts.intent}`,
    },
    minAssurance !== null && {
      key: `assurance ${minAssurance}`,
      needs: `identity assurance ${minAssurance} or more`,
      holds: (call: Context) => call.facts.assurance >= minAssurance,
      found: (call: Context) => `it is ${call.facts.assurance}`,
    },
    directLine !== null && {
      key: `direct ${directLine}`,
      needs: directLine ? "a provider's own line" : 'a line that is not a provider’s own',
      holds: (call: Context) => (call.practitioner('line-owner') !== null) === directLine,
      found: (call: Context) =>
        call.practitioner('line-owner') === null ? 'the line is shared' : 'the line has an owner',
    },
    language !== null && {
      key: `language ${language}`,
      needs: `language ${language}`,
      holds: (call: Context) => call.language === language,
      found: (call: Context) => (call.language === null ? 'the language is unknown' : `it is ${call.language}`),
    },
    percentage !== null && {
      key: `percentage ${row.id} ${percentage}`,
      needs: `one of the ${percentage}% of callers that it takes`,
      holds: (call: Context) => inPercentage(call.facts.callerNumber, row.id, percentage),
      found: (call: Context) =>
        call.facts.callerNumber === null ? 'the number is withheld' : 'this caller is one of the others',
    },
  ].filter((condition) => condition !== false);
}

/** A chart condition never holds while the chart is unknown, whichever way it asks: missing facts are not guessed. */
function chartCondition(
  key: string,
  needs: string,
  holds: (chart: NonNullable<Context['facts']['chart']>, call: Context) => boolean,
  found: string,
): Condition {
  return {
    key,
    needs,
    holds: (call) => call.facts.chart !== null && holds(call.facts.chart, call),
    found: (call) => (call.facts.chart === null ? 'the chart is not known' : found),
  };
}

function chartConditions(row: RouteRow): Condition[] {
  const { hasPcp, openResult, openOrder, openTask, careTeamMember, location } = row;
  const flag = row.flag?.toLowerCase() ?? null;
  return [
    hasPcp !== null &&
      chartCondition(
        `pcp ${hasPcp}`,
        hasPcp ? 'a patient with a PCP' : 'a patient without a PCP',
        (chart) => (chart.pcp !== null) === hasPcp,
        hasPcp ? 'the patient has none' : 'the patient has one',
      ),
    openResult !== null &&
      chartCondition(
        `result ${openResult}`,
        openResult ? 'a result that waits' : 'no result that waits',
        (chart) => (chart.openResult !== null) === openResult,
        openResult ? 'none waits' : 'one waits',
      ),
    openOrder !== null &&
      chartCondition(
        `order ${openOrder}`,
        openOrder ? 'an open order' : 'no open order',
        (chart) => chart.openOrder === openOrder,
        openOrder ? 'none is known' : 'there is one, or it is not known',
      ),
    openTask !== null &&
      chartCondition(
        `task ${openTask}`,
        openTask ? 'an open task' : 'no open task',
        (chart) => chart.openTask === openTask,
        openTask ? 'there is none' : 'there is one',
      ),
    careTeamMember !== null &&
      chartCondition(
        `care-team ${careTeamMember}`,
        `practitioner ${careTeamMember} on the care team`,
        (chart) => chart.careTeam.includes(careTeamMember),
        'they are not on it',
      ),
    flag !== null &&
      chartCondition(
        // As written: the words of the reason are the row's own.
        `flag ${row.flag}`,
        `the flag '${row.flag}'`,
        (_, call) => call.flags.has(flag),
        'the chart does not carry it',
      ),
    location !== null &&
      chartCondition(
        `location ${location}`,
        `a patient of location ${location}`,
        (chart) => chart.location === location,
        'the patient belongs elsewhere, or nowhere known',
      ),
    seen(row),
    appointment(row),
    ageBand(row),
  ].filter((condition) => condition !== false && condition !== null);
}

function seen({ seenWithinDays, seenBy }: RouteRow): Condition | null {
  if (seenWithinDays === null && seenBy === null) return null;
  const when = seenWithinDays === null ? '' : ` within ${seenWithinDays} days`;
  const by = seenBy === null ? '' : ` by practitioner ${seenBy}`;
  return chartCondition(
    `seen ${seenWithinDays} ${seenBy}`,
    `a patient seen${when}${by}`,
    ({ lastSeen }, call) => {
      if (lastSeen === null || (seenBy !== null && lastSeen.practitioner !== seenBy)) return false;
      const days = daysSince(lastSeen.at, call.facts.at);
      return seenWithinDays === null || (days >= 0 && days <= seenWithinDays);
    },
    'the last visit was not so',
  );
}

function appointment({ appointmentWithinDays }: RouteRow): Condition | null {
  if (appointmentWithinDays === null) return null;
  return chartCondition(
    `appointment ${appointmentWithinDays}`,
    `an appointment within ${appointmentWithinDays} days`,
    ({ nextAppointment }, call) => {
      if (nextAppointment === null) return false;
      const days = -daysSince(nextAppointment.at, call.facts.at);
      return days >= 0 && days <= appointmentWithinDays;
    },
    'there is none so soon',
  );
}

function ageBand({ minAge, maxAge }: RouteRow): Condition | null {
  if (minAge === null && maxAge === null) return null;
  const band = [minAge === null ? '' : `from ${minAge}`, maxAge === null ? '' : `to ${maxAge}`].join(' ').trim();
  return chartCondition(
    `age ${minAge} ${maxAge}`,
    `an age ${band} years`,
    (_, call) => call.age !== null && call.age >= (minAge ?? 0) && call.age <= (maxAge ?? Number.POSITIVE_INFINITY),
    'the age is another, or unknown',
  );
}

function clinicConditions(row: RouteRow): Condition[] {
  const { schedule, whileOpen, staff, staffState, queueTeam, queueWaitOverSeconds } = row;
  return [
    schedule !== null && {
      key: `hours ${schedule} ${whileOpen}`,
      needs: `${schedule} ${whileOpen ? 'open' : 'closed'}`,
      holds: (call: Context) => call.hours(schedule).open === whileOpen,
      found: (call: Context) => call.hours(schedule).because,
    },
    staff !== null && {
      key: `staff ${staff} ${staffState}`,
      needs: `${staffWords(staff)} ${staffState}`,
      holds: (call: Context) => staffOf(staff, call)?.state === staffState,
      found: (call: Context) => {
        const person = staffOf(staff, call);
        return person ? `${staffWords(staff)} is ${person.state}` : `there is no ${staffWords(staff)} here`;
      },
    },
    queueTeam !== null && {
      key: `queue ${queueTeam} ${queueWaitOverSeconds}`,
      needs: `a wait over ${queueWaitOverSeconds} s in the queue of ${queueTeam}`,
      holds: (call: Context) => longestWait(queueTeam, call) > (queueWaitOverSeconds ?? 0),
      found: (call: Context) => `the longest wait is ${longestWait(queueTeam, call)} s`,
    },
  ].filter((condition) => condition !== false);
}

function staffWords(staff: string): string {
  return relations.has(staff) ? staff : `extension ${staff}`;
}

function staffOf(staff: string, call: Context) {
  if (!relations.has(staff)) return call.facts.staff.find((person) => person.extension === staff);
  const practitioner = call.practitioner(staff as Relation);
  return practitioner === null ? undefined : call.staffByPractitioner(practitioner);
}

function longestWait(team: string, call: Context): number {
  return call.facts.queues.find((queue) => queue.team === team)?.longestWaitSeconds ?? 0;
}
