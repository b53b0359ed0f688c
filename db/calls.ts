import type { Decision } from '../routing/types.ts';
import { recordConsent } from './consent.ts';
import type { Db } from './db.ts';

export type CallId = string;
export type CallOutcome = 'talked' | 'abandoned' | 'refused' | 'unanswered' | 'voicemail' | 'failed';

/** One change of a call's record. Each is idempotent, so that a retried batch stores nothing twice. */
export type CallChange =
  | {
      readonly kind: 'started';
      readonly callId: CallId;
      readonly ownerNode: string;
      readonly direction: 'inbound' | 'outbound' | 'internal';
      readonly line: string | null;
      readonly trunk: string | null;
      readonly callerNumber: string | null;
      readonly callerHeader: string | null;
      readonly attestation: string;
      /** Number that a phone of ours calls outside. */
      readonly dialled: string | null;
      readonly at: Date;
    }
  | {
      readonly kind: 'identified';
      readonly callId: CallId;
      readonly match: 'one' | 'several' | 'none' | 'withheld' | 'unavailable';
      readonly patientId: string | null;
      readonly assurance: number;
    }
  | { readonly kind: 'intent'; readonly callId: CallId; readonly intent: string }
  | { readonly kind: 'answered'; readonly callId: CallId; readonly at: Date }
  | { readonly kind: 'bridged'; readonly callId: CallId; readonly at: Date; readonly answeredBy: string }
  | { readonly kind: 'ended'; readonly callId: CallId; readonly at: Date; readonly outcome: CallOutcome }
  | {
      readonly kind: 'leg';
      readonly callId: CallId;
      readonly leg: number;
      readonly role: 'caller' | 'staff' | 'outside';
      readonly sipCallId: string;
      readonly dialogId?: string;
      readonly extension: string | null;
      readonly mediaEndpoint: string | null;
      readonly startedAt: Date;
      readonly answeredAt: Date | null;
    }
  | {
      readonly kind: 'legEnded';
      readonly callId: CallId;
      readonly leg: number;
      readonly at: Date;
      readonly reason: string;
    }
  | {
      readonly kind: 'event';
      readonly callId: CallId;
      readonly sequence: number;
      readonly at: Date;
      readonly event: string;
      readonly detail: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: 'decision';
      readonly callId: CallId;
      readonly number: number;
      readonly at: Date;
      readonly facts: unknown;
      readonly decision: Decision;
      readonly tookMicroseconds: number;
    }
  | ({ readonly kind: 'consent' } & Parameters<typeof recordConsent>[1])
  | { readonly kind: 'outbox'; readonly subject: string; readonly topic: string; readonly payload: unknown };

/** Stores one change. Throws what Postgres throws. */
export async function storeCallChange(db: Db, change: CallChange): Promise<void> {
  if (change.kind === 'consent') return recordConsent(db, change);
  const { text, values } = statementOf(change);
  await db.query({ name: `call.${change.kind}`, text, values: [...values] });
}

function statementOf(change: Exclude<CallChange, { kind: 'consent' }>): { text: string; values: readonly unknown[] } {
  switch (change.kind) {
    case 'started':
      return {
        text: `
          insert into call (id, owner_node, direction, line, trunk, caller_number, caller_header, attestation, dialled,
                            started_at)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (id) do nothing`,
        values: [
          change.callId,
          change.ownerNode,
          change.direction,
          change.line,
          change.trunk,
          change.callerNumber,
          change.callerHeader,
          change.attestation,
          change.dialled,
          change.at,
        ],
      };
    case 'identified':
      return {
        text: `update call set match_kind = $2, patient_id = $3, assurance = $4 where id = $1`,
        values: [change.callId, change.match, change.patientId, change.assurance],
      };
    case 'intent':
      return { text: `update call set intent = $2 where id = $1`, values: [change.callId, change.intent] };
    case 'answered':
      return { text: `update call set answered_at = $2 where id = $1`, values: [change.callId, change.at] };
    case 'bridged':
      return {
        text: `update call set bridged_at = coalesce(bridged_at, $2), answered_by = $3 where id = $1`,
        values: [change.callId, change.at, change.answeredBy],
      };
    case 'ended':
      return {
        text: `update call set ended_at = $2, outcome = $3 where id = $1 and ended_at is null`,
        values: [change.callId, change.at, change.outcome],
      };
    case 'leg':
      return {
        text: `
          insert into call_leg (call_id, leg, role, sip_call_id, extension, media_endpoint, started_at, answered_at,
                                dialog_id)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9) on conflict (call_id, leg) do nothing`,
        values: [
          change.callId,
          change.leg,
          change.role,
          change.sipCallId,
          change.extension,
          change.mediaEndpoint,
          change.startedAt,
          change.answeredAt,
          change.dialogId ?? null,
        ],
      };
    case 'legEnded':
      return {
        text: `update call_leg set ended_at = $3, end_reason = $4 where call_id = $1 and leg = $2 and ended_at is null`,
        values: [change.callId, change.leg, change.at, change.reason],
      };
    case 'event':
      return {
        text: `
          insert into call_event (call_id, sequence, at, kind, detail)
          values ($1, $2, $3, $4, $5) on conflict (call_id, sequence) do nothing`,
        values: [change.callId, change.sequence, change.at, change.event, change.detail],
      };
    case 'decision':
      return {
        text: `
          insert into decision (call_id, number, at, rules_version, rule_id, rule_name, facts, steps, reasons, took_us)
          values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict (call_id, number) do nothing`,
        values: [
          change.callId,
          change.number,
          change.at,
          change.decision.rulesVersion,
          change.decision.rule?.id ?? null,
          change.decision.rule?.name ?? null,
          JSON.stringify(change.facts),
          JSON.stringify(change.decision.steps),
          JSON.stringify(change.decision.reasons),
          change.tookMicroseconds,
        ],
      };
    case 'outbox':
      return {
        text: `
          insert into outbox (subject, topic, payload) select $1, $2, $3
           where not exists (select from outbox where subject = $1 and topic = $2 and payload = $3::jsonb)`,
        values: [change.subject, change.topic, JSON.stringify(change.payload)],
      };
    default:
      return change satisfies never;
  }
}

/** Calls of `node` that an earlier process left open: the restarted app ends them as 'failed'. Returns their ids. */
export async function endAbandonedCalls(db: Db, node: string, at: Date): Promise<CallId[]> {
  const { rows } = await db.query<{ id: string }>({
    name: 'call.end_abandoned',
    text: `update call set ended_at = $2, outcome = 'failed' where owner_node = $1 and ended_at is null returning id`,
    values: [node, at],
  });
  return rows.map((row) => row.id);
}

export type AbandonedLeg = { readonly callId: CallId; readonly dialogId: string; readonly channel: string };

/** Ends the legs of calls that `endAbandonedCalls` has ended, and returns those whose dialog may still be up. */
export async function endAbandonedLegs(db: Db, calls: readonly CallId[], at: Date): Promise<AbandonedLeg[]> {
  const { rows } = await db.query<{ call_id: string; dialog_id: string | null; media_endpoint: string | null }>({
    name: 'call.end_abandoned_legs',
    text: `
      update call_leg set ended_at = $2, end_reason = 'the app was restarted'
       where call_id = any($1) and ended_at is null returning call_id, dialog_id, media_endpoint`,
    values: [calls, at],
  });
  return rows.flatMap(({ call_id, dialog_id, media_endpoint }) =>
    dialog_id && media_endpoint ? [{ callId: call_id, dialogId: dialog_id, channel: media_endpoint }] : [],
  );
}

/** Minutes that an extension has talked outside since `since`; a call in progress counts until now. */
export async function outboundMinutes(db: Db, extension: string, since: Date): Promise<number> {
  const { rows } = await db.query<{ minutes: string }>({
    name: 'call.outbound_minutes',
    text: `
      select coalesce(sum(extract(epoch from coalesce(ended_at, now()) - bridged_at)), 0) / 60 as minutes
        from call where direction = 'outbound' and caller_number = $1 and started_at >= $2 and bridged_at is not null`,
    values: [extension, since],
  });
  return Number(rows[0]?.minutes ?? 0);
}
