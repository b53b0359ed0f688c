/*
 * JSON shapes of `/api/...`, shared with the console. Instants are ISO strings in UTC.
 * The WebSocket (`/api/events`) sends one `ServerMessage` a frame; `sequence` counts up by one in each `stream` (one run
 * of one node), so a client that reconnects with `?stream=<id>&after=<sequence>` misses nothing or gets a new 'snapshot'.
 * What a role may not see never leaves the server: see app/auth/disclosure.ts.
 */

export type Role = 'front-desk' | 'nurse' | 'provider' | 'supervisor' | 'admin' | 'privacy-officer';
export type Me = {
  readonly login: string;
  readonly name: string;
  readonly role: Role;
  readonly extension: string | null;
  /** Without input for so long the server ends the session. */
  readonly idleSeconds: number;
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
  | { readonly state: 'unavailable'; readonly reason: string }
  /** Kept back. 'assurance': shown once we are surer who calls. `present`: something is on file (allergies only). */
  | { readonly state: 'hidden'; readonly because: 'role' | 'assurance'; readonly present: boolean | null };

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
  /** The line was answered, by the menu or a person. */
  readonly answeredAt: string | null;
  /** Two people hear each other. */
  readonly talkingSince: string | null;
  readonly endedAt: string | null;
  readonly line: string | null;
  readonly lineName: string | null;
  /** Null: withheld. */
  readonly callerNumber: string | null;
  /** Display name from the signalling: whatever the caller's side wrote, never a proof. */
  readonly callerName: string | null;
  readonly match: 'one' | 'several' | 'none' | 'withheld' | 'unavailable' | null;
  readonly assurance: 0 | 1 | 2 | 3 | 4;
  /** Why the level is what it is, in words. */
  readonly assuranceBecause: string | null;
  readonly candidates: readonly CandidateView[];
  /** The single candidate, or the one that staff chose. */
  readonly patientId: string | null;
  /** Name of the staff member who chose the patient. */
  readonly chosenBy: string | null;
  /** Of `patientId`. */
  readonly card: CardView | null;
  readonly intent: string | null;
  /** In words: 'Dr Ruiz (ext 201)', 'Scheduling'. */
  readonly ringing: readonly string[];
  /** Extensions of `ringing`, or of who answered: so that a screen knows its own call. */
  readonly extensions: readonly string[];
  readonly answeredBy: string | null;
  /** Who sent the caller on, when it was transferred. */
  readonly transferredBy: string | null;
  /** What a phone of ours calls outside. */
  readonly dialled: string | null;
  /** Not null: somebody here has dialled 911 (or its test, 933); `location` in words. Every role sees it. */
  readonly emergency: {
    readonly service: '911' | '933';
    readonly callbackNumber: string | null;
    readonly location: string | null;
  } | null;
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
      readonly stream: string;
      readonly sequence: number;
      readonly calls: readonly CallView[];
      readonly health: SystemHealth;
    }
  | { readonly kind: 'call'; readonly sequence: number; readonly call: CallView }
  | { readonly kind: 'health'; readonly sequence: number; readonly health: SystemHealth }
  /** Every 15 s; nothing for 40 s means the connection is dead. Does not count up. */
  | { readonly kind: 'beat'; readonly sequence: number };

/** A finished (or running) call in the list. */
export type HistoryEntry = {
  readonly callId: string;
  readonly direction: 'inbound' | 'outbound' | 'internal';
  readonly startedAt: string;
  readonly answeredAt: string | null;
  readonly bridgedAt: string | null;
  readonly endedAt: string | null;
  readonly lineName: string | null;
  readonly callerNumber: string | null;
  readonly match: CallView['match'];
  /** Null: nobody, or kept back from this role. */
  readonly patientName: string | null;
  readonly assurance: 0 | 1 | 2 | 3 | 4;
  readonly intent: string | null;
  readonly outcome: string | null;
  readonly answeredBy: string | null;
  readonly recorded: boolean;
};

/** Permission to hear one recording, for a quarter of an hour. */
export type RecordingAccess = {
  /** Of the WAV; takes HTTP ranges, so a player can seek. */
  readonly url: string;
  readonly durationMs: number;
  readonly gaps: readonly { readonly atMs: number; readonly lengthMs: number; readonly reason: string }[];
};

export type HistoryPage = { readonly calls: readonly HistoryEntry[]; readonly next: string | null };

export type HistoryDetail = HistoryEntry & {
  readonly events: readonly {
    readonly sequence: number;
    readonly at: string;
    readonly kind: string;
    /** Which phones, which rule, or why; null: nothing to add. */
    readonly note: string | null;
  }[];
  readonly decisions: readonly {
    readonly number: number;
    readonly at: string;
    readonly rule: string | null;
    readonly tookMs: number;
    readonly reasons: readonly { readonly name: string; readonly applied: boolean; readonly because: string }[];
  }[];
  readonly recordings: readonly {
    readonly id: string;
    readonly startedAt: string;
    readonly durationMs: number | null;
    readonly state: 'recording' | 'sealed' | 'broken' | 'destroyed';
    /** This role may ask to listen. */
    readonly playable: boolean;
  }[];
};

/** The phone system as an administrator set it up, and what looks odd about it. */
export type SetupView = {
  readonly lines: readonly {
    readonly number: string;
    readonly name: string;
    readonly timeZone: string;
    readonly language: string;
    readonly recorded: boolean;
    readonly menu: string | null;
  }[];
  readonly phones: readonly {
    readonly extension: string;
    readonly name: string;
    readonly registered: boolean;
    readonly teams: readonly string[];
    readonly state: string | null;
  }[];
  readonly trunks: readonly { readonly name: string; readonly source: readonly string[]; readonly trusted: boolean }[];
  /** In the order in which they are tried. */
  readonly routes: readonly {
    readonly id: number;
    readonly priority: number;
    readonly enabled: boolean;
    readonly name: string;
    /** In words: 'intent refill'; null while it is not enabled. */
    readonly holds: string | null;
    readonly targets: readonly string[];
  }[];
  readonly rulesVersion: number;
  readonly findings: readonly {
    readonly kind: 'never' | 'nobody' | 'check';
    readonly about: string;
    readonly text: string;
  }[];
};

/** What would happen to a call, and why. */
export type RouteExplanation = {
  readonly at: string;
  readonly caller: string;
  readonly rule: string | null;
  readonly steps: readonly string[];
  readonly reasons: readonly { readonly name: string; readonly applied: boolean; readonly because: string }[];
  readonly targets: readonly { readonly target: string; readonly used: boolean; readonly because: string }[];
};

/** A page of the audit chain, newest first. */
export type AuditPage = {
  readonly events: readonly {
    readonly sequence: number;
    readonly at: string;
    readonly actor: string;
    readonly action: string;
    readonly subject: string;
    /** JSON. */
    readonly detail: string;
  }[];
  /** `before` of the next page; null: this is the last. */
  readonly next: number | null;
};

/** RFC 9457. */
export type Problem = {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail?: string;
};
