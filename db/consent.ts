import type { Db } from './db.ts';

export type ConsentRuleRow = { readonly place: string; readonly treatAs: 'one-party' | 'all-party' };

/** Recording law by place; not legal advice. */
export async function consentRules(db: Db): Promise<Map<string, ConsentRuleRow>> {
  const { rows } = await db.query<ConsentRuleRow>({
    name: 'consent.rules',
    text: `select place, treat_as as "treatAs" from consent_rule`,
  });
  return new Map(rows.map((row) => [row.place, row]));
}

export type RecordingPolicyRow = {
  readonly mode: 'off' | 'law' | 'announce' | 'ask';
  readonly percentage: number;
};

/** What each line does, by its number; '*' is every other line. */
export async function recordingPolicies(db: Db): Promise<Map<string, RecordingPolicyRow>> {
  const { rows } = await db.query<RecordingPolicyRow & { line: string }>({
    name: 'consent.policies',
    text: `select line, mode, percentage from recording_policy`,
  });
  return new Map(rows.map(({ line, mode, percentage }) => [line, { mode, percentage }]));
}

/** Stores what a party was told or answered. `promptVersion`: what they heard; null when nothing was played. */
export async function recordConsent(
  db: Db,
  consent: {
    readonly callId: string;
    /** 'caller', or the extension or number of who joined. */
    readonly party: string;
    readonly at: Date;
    readonly outcome: 'announced' | 'agreed' | 'refused' | 'not-needed';
    readonly place: string | null;
    readonly promptVersion: string | null;
    readonly because: string;
  },
): Promise<void> {
  await db.query({
    name: 'consent.record',
    text: `
      insert into consent (call_id, party, at, outcome, place, prompt_version, because)
      values ($1, $2, $3, $4, $5, $6, $7) on conflict do nothing`,
    values: [
      consent.callId,
      consent.party,
      consent.at,
      consent.outcome,
      consent.place,
      consent.promptVersion,
      consent.because,
    ],
  });
}
