/*
 * JSON shapes of `/api/...`, shared with the console. Instants are ISO strings in UTC.
 * The WebSocket (`/api/events`) sends one `ServerMessage` a frame; `sequence` counts up by one on each node, so a
 * client that reconnects with `?after=<sequence>` misses nothing or gets a new 'snapshot'.
 */

export type Role = 'front-desk' | 'nurse' | 'provider' | 'supervisor' | 'admin' | 'privacy-officer';
export type Me = {
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly extension: string | null;
};

export type CallState = 'arriving' | 'menu' | 'ringing' | 'talking' | 'ended';

export type CandidateView = {
  readonly patientId: string;
  readonly name: string;
  readonly ageYears: number | null;
  readonly birthDate: string | null;
  readonly gender: string | null;
  readonly mrn: string | null;
  readonly relation: 'primary' | 'alternate' | 'related' | 'household';
  readonly heldBy: string | null;
  readonly because: string;
};

export type PartView<T> =
  | { readonly state: 'fresh' | 'cached'; readonly asOf: string; readonly value: T }
  | { readonly state: 'pending' }
  | { readonly state: 'unavailable'; readonly reason: string };

/** The chart card (design.md §11): what staff see. */
export type CardView = {
  readonly patientId: string;
  readonly preferredName: PartView<string | null>;
  readonly pronouns: PartView<string | null>;
  readonly language: PartView<string | null>;
  readonly interpreterNeeded: boolean;
  readonly pcp: PartView<string | null>;
  readonly problems: PartView<readonly { readonly text: string; readonly main: boolean }[]>;
  readonly allergies: PartView<
    readonly { readonly text: string; readonly criticality: string | null; readonly reaction: string | null }[]
  >;
  readonly medications: PartView<readonly { readonly text: string; readonly dosage: string | null }[]>;
  readonly vitals: PartView<readonly { readonly text: string; readonly value: string; readonly at: string | null }[]>;
  readonly lastVisit: PartView<{
    readonly at: string;
    readonly reason: string | null;
    readonly practitioner: string | null;
  } | null>;
  readonly nextAppointment: PartView<{
    readonly at: string;
    readonly reason: string | null;
    readonly practitioner: string | null;
  } | null>;
  readonly openItems: PartView<
    readonly { readonly kind: 'order' | 'result' | 'task'; readonly text: string; readonly at: string | null }[]
  >;
  readonly flags: PartView<readonly string[]>;
};

export type CallView = {
  readonly callId: string;
  readonly state: CallState;
  readonly startedAt: string;
  readonly answeredAt: string | null;
  readonly endedAt: string | null;
  readonly line: string | null;
  readonly lineName: string | null;
  /** Null: withheld. */
  readonly callerNumber: string | null;
  readonly match: 'one' | 'several' | 'none' | 'withheld' | 'unavailable' | null;
  readonly assurance: 0 | 1 | 2 | 3 | 4;
  readonly candidates: readonly CandidateView[];
  /** The card of the single candidate, or of the one that staff chose. */
  readonly card: CardView | null;
  readonly intent: string | null;
  /** In words: 'Dr Ruiz (ext 201)', 'Scheduling'. */
  readonly ringing: readonly string[];
  readonly answeredBy: string | null;
  readonly decision: { readonly rule: string | null; readonly because: string } | null;
  readonly recording: 'off' | 'on' | 'broken';
  readonly outcome: string | null;
};

export type SystemHealth = {
  readonly signaling: boolean;
  readonly media: boolean;
  readonly database: boolean;
  readonly ehr: boolean;
  readonly recorder: boolean;
};

export type ServerMessage =
  | {
      readonly kind: 'snapshot';
      readonly sequence: number;
      readonly calls: readonly CallView[];
      readonly health: SystemHealth;
    }
  | { readonly kind: 'call'; readonly sequence: number; readonly call: CallView }
  | { readonly kind: 'health'; readonly sequence: number; readonly health: SystemHealth };

/** RFC 9457. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
};
