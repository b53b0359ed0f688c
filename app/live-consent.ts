import { consentRules, recordingPolicies } from '../db/consent.ts';
import type { Db } from '../db/db.ts';
import type { ChartSummary } from '../ehr/types.ts';
import {
  type ConsentRule,
  decideConsent,
  placeOfAddress,
  placeOfNumber,
  type RecordingPolicy,
  sampleOf,
} from '../recordings/consent.ts';
import type { E164 } from '../sip/address.ts';
import type { Line, RecordingConsent } from './calls/deps.ts';
import type { Logger } from './log.ts';

const everyMs = 30_000;
/** What a line without a row does, and every line while nothing could be read. */
const announceAlways: RecordingPolicy = { mode: 'announce', percentage: 100 };

/** Recording law and policy in memory. Until they could be read every call is announced. */
export class LiveConsent {
  readonly #db: Db;
  readonly #log: Logger;
  readonly #timer: NodeJS.Timeout;
  #rules: ReadonlyMap<string, ConsentRule> = new Map();
  #policies: ReadonlyMap<string, RecordingPolicy> = new Map();

  constructor(db: Db, log: Logger) {
    this.#db = db;
    this.#log = log;
    this.#timer = setInterval(() => void this.read(), everyMs).unref();
  }

  /** Never rejects: what was read last stays. */
  async read(): Promise<void> {
    try {
      [this.#rules, this.#policies] = await Promise.all([consentRules(this.#db), recordingPolicies(this.#db)]);
    } catch (error) {
      this.#log.warn({ err: error }, 'recording policy could not be read: the last one stays');
    }
  }

  decide(about: { callId: string; line: Line; caller: E164 | null; chart: ChartSummary | null }): RecordingConsent {
    const { line, caller, chart } = about;
    const demographics = chart?.demographics;
    const address = demographics && demographics.state !== 'unavailable' ? demographics.value.address : null;
    const ofNumber = placeOfNumber(caller);
    const parties = address ? [ofNumber, placeOfAddress(address)] : [ofNumber];
    const policy = this.#policies.get(line.number) ?? this.#policies.get('*') ?? announceAlways;
    const decision = decideConsent(
      { policy, clinic: line.place, parties, refused: false, sample: sampleOf(about.callId) },
      this.#rules,
    );
    return { ...decision, place: ofNumber };
  }

  close(): void {
    clearInterval(this.#timer);
  }
}
