import type { IvrContent } from '../../db/ivr.ts';
import type { CallingClass } from '../../db/phones.ts';
import type { CallerDirectory, ChartSummary, Charts } from '../../ehr/types.ts';
import type { MediaServer } from '../../media/ports.ts';
import type { Prompts } from '../../media/prompts.ts';
import type { RecordingSession } from '../../recordings/session.ts';
import type { TeamStrategy } from '../../routing/rows.ts';
import type { CallFacts, Decision, StaffFacts } from '../../routing/types.ts';
import type { E164, Region } from '../../sip/address.ts';
import type { IdentityTrust } from '../../sip/caller-identity.ts';
import type { Ha1s } from '../../sip/digest.ts';
import type { NumberFormat } from '../../sip/number-format.ts';
import type { CivicAddress } from '../../sip/pidf-lo.ts';
import type { Signaling } from '../../sip/ports.ts';
import type { Registrar } from '../../sip/registrar.ts';
import type { Audit } from '../audit.ts';
import type { LiveCalls } from '../live-calls.ts';
import type { Logger } from '../log.ts';
import type { Metrics } from '../metrics.ts';
import type { Queues } from '../queues.ts';
import type { TrunkHealth } from '../trunk-health.ts';
import type { Journal } from './journal.ts';
import type { Takeable } from './takeable.ts';
import type { Talk } from './talk.ts';

export type Line = {
  readonly number: E164;
  readonly name: string;
  readonly language: string;
  readonly record: boolean;
  /** Name of the menu its callers hear; null: none. */
  readonly menu: string | null;
  /** Where the clinic answers it: `US-MD`, `DE`; null: unknown. */
  readonly place: string | null;
};
export type Trunk = IdentityTrust & { readonly name: string; readonly maxChannels: number };
/** A trunk that takes our calls. */
export type OutboundTrunk = Trunk & {
  readonly numberFormat: NumberFormat;
  readonly outboundUri: string;
  readonly register: boolean;
  readonly auth: { readonly username: string; readonly password: string } | null;
  readonly emergency: boolean;
};
export type Person = { readonly name: string; readonly extension: string };
/** What a phone may do, and what is done with calls to it. */
export type Extension = {
  /** Shown to whom it calls outside; null: the clinic has no line. */
  readonly callerId: E164 | null;
  readonly callingClass: CallingClass;
  readonly dailyMinutes: number | null;
  readonly callbackNumber: E164 | null;
  readonly location: CivicAddress | null;
  readonly doNotDisturb: boolean;
  readonly forwardAlways: string | null;
  readonly forwardBusy: string | null;
  readonly forwardNoAnswer: string | null;
};

/** Lines, trunks and people as they stand when a call begins. */
export interface Phones {
  readonly region: Region;
  line(number: E164): Line | null;
  trunkAt(address: string): Trunk | null;
  isExtension(number: string): boolean;
  extension(number: string): Extension | null;
  /** Those with an outbound URI. */
  readonly outboundTrunks: readonly OutboundTrunk[];
  /** Digest secrets of an enabled extension; null: there is none such. */
  secretsOf(extension: string): Ha1s | null;
  personAt(extension: string): Person | null;
  staff(state: {
    registered: (extension: string) => boolean;
    busy: (extension: string) => boolean;
    lastCallEndedAt?: (extension: string) => Date | null;
  }): readonly StaffFacts[];
  /** How the phones of a team ring; a team that is not there: all at once. */
  strategyOf(team: string): TeamStrategy;
}

/** Whether a call may be recorded and what its parties must hear first; the reason is stored with the consent. */
export type RecordingConsent = {
  readonly outcome: 'record' | 'announce' | 'ask' | 'doNotRecord';
  readonly place: string | null;
  readonly because: string;
};

/** What every call script works with. `app/main.ts` puts it together. */
export type CallDeps = {
  readonly node: string;
  readonly signaling: Signaling;
  readonly media: MediaServer;
  readonly registrar: Registrar;
  readonly directory: CallerDirectory;
  readonly charts: Charts;
  readonly phones: () => Phones;
  readonly ivr: () => IvrContent;
  readonly prompts: Prompts;
  readonly decide: (facts: CallFacts) => Decision;
  readonly consentFor: (about: {
    readonly callId: string;
    readonly line: Line;
    readonly caller: E164 | null;
    readonly chart: ChartSummary | null;
  }) => RecordingConsent;
  /** Null: this system does not record. Never throws. */
  readonly record: ((about: { callId: string; startedAt: Date; law: 'PCMU' | 'PCMA' }) => RecordingSession) | null;
  readonly storeConsent: (consent: {
    readonly callId: string;
    readonly party: string;
    readonly at: Date;
    readonly outcome: 'announced' | 'agreed' | 'refused' | 'not-needed';
    readonly place: string | null;
    /** What the party heard; null: nothing was played. */
    readonly promptVersion: string | null;
    readonly because: string;
  }) => void;
  /** Calls in progress by trunk, against its `maxChannels`. */
  readonly trunkCalls: TrunkCalls;
  readonly trunkHealth: TrunkHealth;
  /** Minutes that an extension has talked outside today; rejects when the database is away. */
  readonly outboundMinutesToday: (extension: string) => Promise<number>;
  /** Extensions that talk or are being rung by a call. */
  readonly busy: Occupancy;
  /** Who talks now, by the SIP Call-ID of each leg: where an attended transfer finds the other call. */
  readonly conversations: Map<string, Talk>;
  readonly takeable: Takeable;
  readonly audit: Audit;
  readonly queues: Queues;
  readonly journal: Journal;
  readonly live: LiveCalls;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly identifyMs: number;
  readonly summaryMs: number;
};

/** Who is on the phone, by extension: one that takes two calls is free when both have ended. */
export class Occupancy {
  readonly #calls = new Map<string, number>();
  readonly #freeSince = new Map<string, Date>();

  isBusy(extension: string): boolean {
    return (this.#calls.get(extension) ?? 0) > 0;
  }
  lastCallEndedAt(extension: string): Date | null {
    return this.#freeSince.get(extension) ?? null;
  }
  /** Marks it busy; the result, called once, frees it. */
  take(extension: string): () => void {
    this.#calls.set(extension, (this.#calls.get(extension) ?? 0) + 1);
    let taken = true;
    return () => {
      if (!taken) return;
      taken = false;
      const left = (this.#calls.get(extension) ?? 1) - 1;
      if (left > 0) this.#calls.set(extension, left);
      else this.#calls.delete(extension);
      this.#freeSince.set(extension, new Date());
    };
  }
}

/** Calls in progress, by trunk. */
export class TrunkCalls {
  readonly #counts = new Map<string, number>();

  readonly count = (trunk: string): number => this.#counts.get(trunk) ?? 0;

  /** Counts a call; the result, called once, ends it. */
  enter(trunk: string): () => void {
    this.#counts.set(trunk, this.count(trunk) + 1);
    return () => this.#counts.set(trunk, this.count(trunk) - 1);
  }

  get total(): number {
    return [...this.#counts.values()].reduce((sum, count) => sum + count, 0);
  }
}
