import type { Directory } from './availability.ts';
import { primarySubtag } from './availability.ts';
import { type Hours, hoursAt, type LocalTime, localTime } from './hours.ts';
import type { LineFacts, Relation, Rotation, Schedule, Team } from './rows.ts';
import type { CallFacts, PractitionerRef, StaffFacts } from './types.ts';

/** What rules and targets ask about the clinic, by name. */
export type Clinic = {
  readonly schedules: ReadonlyMap<string, Schedule>;
  readonly teams: ReadonlyMap<string, Team>;
  readonly lines: ReadonlyMap<string, LineFacts>;
  readonly rotations: ReadonlyMap<string, Rotation>;
  readonly staffNames: ReadonlyMap<number, string>;
};

/** One call's facts, with what many conditions ask of them worked out once and only when asked. */
export class Context {
  readonly facts: CallFacts;
  readonly clinic: Clinic;
  readonly urgent: boolean;
  readonly line: LineFacts | undefined;
  readonly #clocks = new Map<string, LocalTime | null>();
  readonly #hours = new Map<string, Hours>();
  #directory: Directory | undefined;
  #flags: ReadonlySet<string> | undefined;
  #age: number | null | undefined;

  constructor(facts: CallFacts, clinic: Clinic) {
    this.facts = facts;
    this.clinic = clinic;
    this.urgent = facts.urgent || facts.intent === 'urgent';
    this.line = clinic.lines.get(facts.line);
  }

  hours(name: string): Hours {
    let hours = this.#hours.get(name);
    if (hours === undefined) {
      const schedule = this.clinic.schedules.get(name);
      hours = schedule
        ? hoursAt(schedule, this.#clock(schedule.timeZone))
        : { open: false, because: `there is no schedule ${name}` };
      this.#hours.set(name, hours);
    }
    return hours;
  }

  get directory(): Directory {
    this.#directory ??= {
      byId: new Map(this.facts.staff.map((person) => [person.staffId, person])),
      names: this.clinic.staffNames,
    };
    return this.#directory;
  }

  /** The chart's language, else the line's; null: neither is known. */
  get language(): string | null {
    const known = this.facts.chart?.language ?? this.line?.language ?? null;
    return known === null ? null : primarySubtag(known);
  }

  /** Flags of the chart in small letters. */
  get flags(): ReadonlySet<string> {
    this.#flags ??= new Set(this.facts.chart?.flags.map((flag) => flag.toLowerCase()));
    return this.#flags;
  }

  /** Whole years at the time of the call; null: unknown. */
  get age(): number | null {
    if (this.#age === undefined) this.#age = yearsBetween(this.facts.chart?.birthDate ?? null, this.facts.at);
    return this.#age;
  }

  practitioner(relation: Relation): PractitionerRef | null {
    const { chart } = this.facts;
    switch (relation) {
      case 'pcp':
        return chart?.pcp ?? null;
      case 'last-seen':
        return chart?.lastSeen?.practitioner ?? null;
      case 'result-owner':
        return chart?.openResult?.orderedBy ?? null;
      case 'line-owner':
        return this.line?.directPractitioner ?? null;
    }
  }

  staffByPractitioner(practitioner: PractitionerRef): StaffFacts | undefined {
    return this.facts.staff.find((person) => person.practitioner === practitioner);
  }

  #clock(timeZone: string): LocalTime | null {
    let clock = this.#clocks.get(timeZone);
    if (clock === undefined) {
      clock = localTime(this.facts.at, timeZone);
      this.#clocks.set(timeZone, clock);
    }
    return clock;
  }
}

/** Days from `at` back to `moment`, not rounded; negative when `moment` lies ahead. */
export function daysSince(moment: Date, at: Date): number {
  return (at.getTime() - moment.getTime()) / 86_400_000;
}

/** FHIR dates may end after the year or the month (`Patient.birthDate`): then the age counts from the period's start. */
function yearsBetween(birthDate: string | null, at: Date): number | null {
  const match = birthDate?.match(/^(\d{4})(?:-(\d{2}))?(?:-(\d{2}))?$/);
  if (!match) return null;
  const [year, month, day] = [Number(match[1]), Number(match[2] ?? 1), Number(match[3] ?? 1)];
  const reached = (at.getUTCMonth() + 1) * 100 + at.getUTCDate() >= month * 100 + day;
  return at.getUTCFullYear() - year - (reached ? 0 : 1);
}
