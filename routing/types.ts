import type { E164 } from '../sip/address.ts';

/** What the caller pressed or said they want. */
export type Intent = 'appointment' | 'refill' | 'clinical' | 'results' | 'billing' | 'operator' | 'urgent';

/** What the phone index says of the caller's number. */
export type CallerKind = 'known' | 'ambiguous' | 'new' | 'unknown' | 'blocked' | 'staff' | 'other-clinic';

/** 0 unknown · 1 claimed · 2 one factor · 3 verified · 4 verified by staff or portal (design.md §5). */
export type AssuranceLevel = 0 | 1 | 2 | 3 | 4;

/** Everything a decision may depend on, gathered before it; missing chart facts are null, never guessed. */
export type CallFacts = {
  /** Number dialled (DNIS). */
  readonly line: E164;
  readonly callerNumber: E164 | null;
  readonly caller: CallerKind;
  readonly assurance: AssuranceLevel;
  readonly intent: Intent | null;
  readonly urgent: boolean;
  readonly at: Date;
  readonly chart: ChartFacts | null;
  readonly staff: readonly StaffFacts[];
  readonly queues: readonly QueueFacts[];
};

/** What routing may use of a chart: references and dates only, no clinical text. */
export type ChartFacts = {
  readonly pcp: PractitionerRef | null;
  readonly lastSeen: { readonly practitioner: PractitionerRef; readonly at: Date } | null;
  readonly nextAppointment: { readonly practitioner: PractitionerRef | null; readonly at: Date } | null;
  readonly openResult: { readonly orderedBy: PractitionerRef | null } | null;
  /** Absent: the EHR does not say. */
  readonly openOrder?: boolean;
  readonly openTask: boolean;
  readonly careTeam: readonly PractitionerRef[];
  readonly flags: readonly string[];
  /** BCP 47. */
  readonly language: string | null;
  readonly birthDate: string | null;
  /** The patient's usual site: FHIR Location or Organization id. Absent: the EHR does not say. */
  readonly location?: string;
};

/** FHIR Practitioner id. */
export type PractitionerRef = string;

export type StaffState = 'available' | 'busy' | 'away' | 'out';
export type StaffFacts = {
  readonly staffId: number;
  readonly extension: string | null;
  readonly practitioner: PractitionerRef | null;
  readonly teams: readonly string[];
  readonly state: StaffState;
  /** A phone is registered on the extension. */
  readonly registered: boolean;
  readonly coveredBy: number | null;
  readonly languages: readonly string[];
  /** Null: never or unknown. */
  readonly lastCallEndedAt: Date | null;
};
export type QueueFacts = { readonly team: string; readonly waiting: number; readonly longestWaitSeconds: number };

/** One step of a decision, tried in order until somebody answers. */
export type Step =
  /** Rings all its extensions at once; phones that ring one after the other are steps of their own. */
  | { readonly kind: 'ring'; readonly extensions: readonly string[]; readonly ringSeconds: number }
  | {
      readonly kind: 'queue';
      readonly team: string;
      readonly priority: 'normal' | 'urgent';
      readonly maxWaitSeconds: number;
      /** How long each phone of the team rings. */
      readonly ringSeconds: number;
      /** Members who speak it come first; null: unknown. */
      readonly language: string | null;
    }
  | { readonly kind: 'outside'; readonly number: E164; readonly ringSeconds: number }
  | { readonly kind: 'menu'; readonly menu: string }
  | { readonly kind: 'callback'; readonly team: string }
  | { readonly kind: 'voicemail'; readonly mailbox: string }
  | { readonly kind: 'goodbye'; readonly prompt: string };

export type Decision = {
  readonly rule: { readonly id: number; readonly name: string } | null;
  /** Never empty: the last one needs neither database nor EHR. */
  readonly steps: readonly [Step, ...Step[]];
  /** Every rule that was tried, in order, and why it did or did not apply; rules of other lines are not tried. */
  readonly reasons: readonly RuleTrial[];
  /** What became of each target of the rule, and of the last resort. */
  readonly targets: readonly TargetTrial[];
  readonly rulesVersion: number;
};
export type RuleTrial = {
  readonly ruleId: number;
  readonly name: string;
  readonly applied: boolean;
  readonly because: string;
};
export type TargetTrial = {
  /** In words: 'PCP', 'team nurse-triage'. */
  readonly target: string;
  /** False: it was left out, and nothing rings for it. */
  readonly used: boolean;
  readonly because: string;
};
