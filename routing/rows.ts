import type { E164 } from '../sip/address.ts';
import type { AssuranceLevel, CallerKind, Intent, PractitionerRef, StaffState } from './types.ts';

/*
 * What rules are compiled from: the admin's rows as they stand in Postgres (db/migrations/*_routing.sql comments every
 * column) or in the snapshot on disk. In a route, null means "any".
 */

export type Relation = 'pcp' | 'last-seen' | 'result-owner' | 'line-owner';

export type RouteRow = {
  readonly id: number;
  readonly priority: number;
  readonly enabled: boolean;
  readonly name: string;
  readonly line: E164 | null;
  readonly directLine: boolean | null;
  readonly caller: CallerKind | null;
  readonly minAssurance: AssuranceLevel | null;
  readonly intent: Intent | null;
  readonly urgent: boolean | null;
  readonly hasPcp: boolean | null;
  readonly seenWithinDays: number | null;
  readonly seenBy: PractitionerRef | null;
  readonly appointmentWithinDays: number | null;
  readonly openResult: boolean | null;
  readonly openOrder: boolean | null;
  readonly openTask: boolean | null;
  readonly careTeamMember: PractitionerRef | null;
  readonly flag: string | null;
  readonly language: string | null;
  readonly minAge: number | null;
  readonly maxAge: number | null;
  readonly location: string | null;
  readonly schedule: string | null;
  readonly whileOpen: boolean | null;
  /** A relation of the caller, or an extension's number. */
  readonly staff: string | null;
  readonly staffState: StaffState | null;
  readonly queueTeam: string | null;
  readonly queueWaitOverSeconds: number | null;
  readonly percentage: number | null;
  /** In order of position. */
  readonly targets: readonly TargetRow[];
};

export type TargetKind =
  | Relation
  | 'care-team'
  | 'on-call'
  | 'extension'
  | 'team'
  | 'queue'
  | 'outside'
  | 'menu'
  | 'callback'
  | 'voicemail'
  | 'goodbye';

export type TargetRow = {
  readonly kind: TargetKind;
  /** Null for the kinds that the chart or the line answers. */
  readonly value: string | null;
  readonly ringSeconds: number;
  readonly maxWaitSeconds: number;
};

/** Minutes of the local day, 0 to 1440. */
export type Minutes = number;
export type Schedule = {
  readonly name: string;
  /** IANA. */
  readonly timeZone: string;
  readonly periods: readonly Period[];
  readonly exceptions: readonly ScheduleException[];
};
export type Period = { readonly weekday: number; readonly opens: Minutes; readonly closes: Minutes };
/** A day that differs; `opens` and `closes` null: closed all day. */
export type ScheduleException = {
  /** ISO date. */
  readonly day: string;
  readonly opens: Minutes | null;
  readonly closes: Minutes | null;
  readonly reason: string;
};

export type TeamStrategy = 'ring-all' | 'longest-idle' | 'round-robin';
export type Team = {
  readonly name: string;
  readonly title: string;
  readonly strategy: TeamStrategy;
  /** Staff ids in order of position. */
  readonly members: readonly number[];
};

export type LineFacts = {
  readonly number: E164;
  readonly name: string;
  readonly language: string;
  readonly timeZone: string;
  readonly directPractitioner: PractitionerRef | null;
};

/** Who is on call: the members take turns of `shiftDays` from `startsOn`, handing over at `handover` local time. */
export type Rotation = {
  readonly name: string;
  readonly timeZone: string;
  /** ISO date of the first shift. */
  readonly startsOn: string;
  readonly handover: Minutes;
  readonly shiftDays: number;
  readonly members: readonly OnCallMember[];
  readonly swaps: readonly { readonly from: Date; readonly until: Date; readonly staffId: number }[];
};
export type OnCallMember = {
  readonly staffId: number;
  /** Rung after the desk phone; null: none. */
  readonly outside: E164 | null;
};

export type RoutingRows = {
  readonly version: number;
  readonly routes: readonly RouteRow[];
  readonly schedules: readonly Schedule[];
  readonly teams: readonly Team[];
  readonly lines: readonly LineFacts[];
  readonly rotations: readonly Rotation[];
  readonly staff: readonly PersonRow[];
};

export type PersonRow = {
  readonly id: number;
  readonly name: string;
  readonly extension: string | null;
  readonly practitioner: PractitionerRef | null;
  readonly coveredBy: number | null;
};
