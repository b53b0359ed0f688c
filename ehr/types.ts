import type { AssuranceLevel, ChartFacts } from '../routing/types.ts';
import type { E164 } from '../sip/address.ts';

/** FHIR Patient id. */
export type PatientId = string;

/** How a number belongs to a patient, strongest first. */
export type MatchRelation = 'primary' | 'alternate' | 'related' | 'household';

/** One patient that a caller's number may mean, from the phone index alone: what the screen shows at once. */
export type Candidate = {
  readonly patientId: PatientId;
  readonly name: string;
  /** ISO date. */
  readonly birthDate: string | null;
  readonly gender: string | null;
  readonly mrn: string | null;
  readonly relation: MatchRelation;
  /** Who holds the number when it is not the patient: 'mother', 'guardian'. */
  readonly heldBy: string | null;
  /** In plain words, for the screen and the decision log's reader. */
  readonly because: string;
};

/** `shared`: on more charts than a family has; `given-up`: only as a number of the past. */
export type NotAPerson = 'blocked' | 'clinic' | 'facility' | 'relay' | 'shared' | 'given-up';

export type CallerMatch =
  | { readonly kind: 'one'; readonly candidate: Candidate }
  | { readonly kind: 'several'; readonly candidates: readonly Candidate[] }
  /** `not` tells why a number that charts hold, or that is known otherwise, is nobody's. */
  | { readonly kind: 'none'; readonly not?: NotAPerson; readonly because?: string }
  | { readonly kind: 'withheld' }
  | { readonly kind: 'unavailable'; readonly reason: string };

/** One part of a summary: fresh, cached with its age, or unavailable. */
export type Part<T> =
  | { readonly state: 'fresh' | 'cached'; readonly asOf: Date; readonly value: T }
  | { readonly state: 'unavailable'; readonly reason: 'timeout' | 'error' | 'unsupported' };

export type CodedText = { readonly code: string | null; readonly text: string };
export type Problem = CodedText & { readonly main: boolean; readonly onset: string | null };
export type Allergy = CodedText & {
  readonly criticality: 'low' | 'high' | 'unable-to-assess' | null;
  readonly reaction: string | null;
};
export type Medication = CodedText & { readonly dosage: string | null };
export type Vital = CodedText & { readonly value: string; readonly at: string | null };
export type Visit = {
  readonly at: string;
  readonly reason: string | null;
  readonly practitioner: string | null;
  readonly practitionerId: string | null;
};
export type OpenItem = CodedText & {
  readonly kind: 'order' | 'result' | 'task';
  readonly at: string | null;
  readonly by: string | null;
  readonly byId: string | null;
};

export type Demographics = {
  readonly name: string;
  readonly preferredName: string | null;
  readonly pronouns: string | null;
  readonly birthDate: string | null;
  readonly gender: string | null;
  readonly mrn: string | null;
  readonly language: string | null;
  readonly interpreterNeeded: boolean;
  readonly pcp: { readonly id: string; readonly name: string } | null;
  readonly address: { readonly state: string | null; readonly country: string | null } | null;
};

/** The chart in a dozen lines. Each part has its own deadline and age. */
export type ChartSummary = {
  readonly patientId: PatientId;
  readonly demographics: Part<Demographics>;
  readonly problems: Part<readonly Problem[]>;
  readonly allergies: Part<readonly Allergy[]>;
  readonly medications: Part<readonly Medication[]>;
  readonly vitals: Part<readonly Vital[]>;
  readonly lastVisit: Part<Visit | null>;
  readonly nextAppointment: Part<Visit | null>;
  readonly openItems: Part<readonly OpenItem[]>;
  readonly careTeam: Part<readonly { readonly id: string; readonly name: string }[]>;
  readonly flags: Part<readonly CodedText[]>;
};

/** Who is calling? Never throws, never later than `deadlineMs`: identification never prevents routing. */
export interface CallerDirectory {
  identify(number: E164 | null, deadlineMs: number): Promise<CallerMatch>;
}

/** The chart. Never throws; late parts are 'unavailable' or 'cached'. */
export interface Charts {
  readonly available: boolean;
  summary(patientId: PatientId, deadlineMs: number): Promise<ChartSummary>;
  /** The summary once what was still on its way has arrived or failed; null when nothing is on its way. */
  later(patientId: PatientId): Promise<ChartSummary | null>;
  facts(summary: ChartSummary): ChartFacts;
}

export type { AssuranceLevel };
