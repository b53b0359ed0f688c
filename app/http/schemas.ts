import { z } from 'zod';
import type {
  AuditPage,
  CallView,
  CandidateView,
  CardView,
  HistoryDetail,
  HistoryEntry,
  HistoryPage,
  Me,
  RecordingAccess,
  RouteExplanation,
  SetupView,
  SystemHealth,
} from '../api-types.ts';

/*
 * The JSON of app/api-types.ts as schemas: for the OpenAPI document, and so that nothing beyond them leaves the server.
 * `satisfies` keeps the two in step.
 */

const instant = z.string().describe('ISO 8601, UTC');
const nullable = z.string().nullable();
const list = <T extends z.ZodType>(item: T) => z.array(item).readonly();

export const RoleSchema = z.enum(['front-desk', 'nurse', 'provider', 'supervisor', 'admin', 'privacy-officer']);

export const MeSchema = z.object({
  login: z.string(),
  name: z.string(),
  role: RoleSchema,
  extension: nullable,
  idleSeconds: z.number(),
}) satisfies z.ZodType<Me>;

const AssuranceSchema = z.union([z.literal(0), z.literal(1), z.literal(2), z.literal(3), z.literal(4)]);
const MatchSchema = z.enum(['one', 'several', 'none', 'withheld', 'unavailable']).nullable();

const CandidateSchema = z.object({
  patientId: z.string(),
  name: z.string(),
  ageYears: z.number().nullable(),
  birthDate: nullable,
  gender: nullable,
  mrn: nullable,
  relation: z.enum(['primary', 'alternate', 'related', 'household']),
  heldBy: nullable,
  because: z.string(),
}) satisfies z.ZodType<CandidateView>;

const part = <T extends z.ZodType>(value: T) =>
  z.union([
    z.object({ state: z.enum(['fresh', 'cached']), asOf: instant, value }),
    z.object({ state: z.literal('pending') }),
    z.object({ state: z.literal('unavailable'), reason: z.string() }),
    z.object({ state: z.literal('hidden'), because: z.enum(['role', 'assurance']), present: z.boolean().nullable() }),
  ]);
const visit = part(z.object({ at: z.string(), reason: nullable, practitioner: nullable }).nullable());

const CardSchema = z.object({
  patientId: z.string(),
  preferredName: part(nullable),
  pronouns: part(nullable),
  language: part(nullable),
  interpreterNeeded: z.boolean(),
  pcp: part(nullable),
  problems: part(list(z.object({ text: z.string(), main: z.boolean() }))),
  allergies: part(list(z.object({ text: z.string(), criticality: nullable, reaction: nullable }))),
  medications: part(list(z.object({ text: z.string(), dosage: nullable }))),
  vitals: part(list(z.object({ text: z.string(), value: z.string(), at: nullable }))),
  lastVisit: visit,
  nextAppointment: visit,
  openItems: part(list(z.object({ kind: z.enum(['order', 'result', 'task']), text: z.string(), at: nullable }))),
  flags: part(list(z.string())),
}) satisfies z.ZodType<CardView>;
export const CallSchema = z.object({
  callId: z.string(),
  state: z.enum(['arriving', 'menu', 'ringing', 'talking', 'ended']),
  startedAt: instant,
  answeredAt: instant.nullable(),
  talkingSince: instant.nullable(),
  endedAt: instant.nullable(),
  line: nullable,
  lineName: nullable,
  callerNumber: nullable,
  callerName: nullable,
  match: MatchSchema,
  assurance: AssuranceSchema,
  assuranceBecause: nullable,
  candidates: list(CandidateSchema),
  patientId: nullable,
  chosenBy: nullable,
  card: CardSchema.nullable(),
  intent: nullable,
  ringing: list(z.string()),
  extensions: list(z.string()),
  answeredBy: nullable,
  transferredBy: nullable,
  dialled: nullable,
  emergency: z.object({ service: z.enum(['911', '933']), callbackNumber: nullable, location: nullable }).nullable(),
  decision: z.object({ rule: nullable, because: z.string() }).nullable(),
  recording: z.enum(['off', 'on', 'broken']),
  outcome: nullable,
}) satisfies z.ZodType<CallView>;

export const HealthSchema = z.object({
  signaling: z.boolean(),
  media: z.boolean(),
  database: z.boolean(),
  ehr: z.boolean(),
  recorder: z.boolean(),
}) satisfies z.ZodType<SystemHealth>;

const HistoryEntrySchema = z.object({
  callId: z.string(),
  direction: z.enum(['inbound', 'outbound', 'internal']),
  startedAt: instant,
  answeredAt: instant.nullable(),
  bridgedAt: instant.nullable(),
  endedAt: instant.nullable(),
  lineName: nullable,
  callerNumber: nullable,
  match: MatchSchema,
  patientName: nullable,
  assurance: AssuranceSchema,
  intent: nullable,
  outcome: nullable,
  answeredBy: nullable,
  recorded: z.boolean(),
}) satisfies z.ZodType<HistoryEntry>;

export const CallsSchema = list(CallSchema);
export const CandidatesSchema = list(CandidateSchema);

export const RecordingAccessSchema = z.object({
  url: z.string(),
  durationMs: z.number(),
  gaps: list(z.object({ atMs: z.number(), lengthMs: z.number(), reason: z.string() })),
}) satisfies z.ZodType<RecordingAccess>;

export const AuditPageSchema = z.object({
  events: list(
    z.object({
      sequence: z.number(),
      at: instant,
      actor: z.string(),
      action: z.string(),
      subject: z.string(),
      detail: z.string(),
    }),
  ),
  next: z.number().nullable(),
}) satisfies z.ZodType<AuditPage>;

export const SetupSchema = z.object({
  lines: list(
    z.object({
      number: z.string(),
      name: z.string(),
      timeZone: z.string(),
      language: z.string(),
      recorded: z.boolean(),
      menu: nullable,
    }),
  ),
  phones: list(
    z.object({
      extension: z.string(),
      name: z.string(),
      registered: z.boolean(),
      teams: list(z.string()),
      state: nullable,
    }),
  ),
  trunks: list(z.object({ name: z.string(), source: list(z.string()), trusted: z.boolean() })),
  routes: list(
    z.object({
      id: z.number(),
      priority: z.number(),
      enabled: z.boolean(),
      name: z.string(),
      holds: nullable,
      targets: list(z.string()),
    }),
  ),
  rulesVersion: z.number(),
  findings: list(z.object({ kind: z.enum(['never', 'nobody', 'check']), about: z.string(), text: z.string() })),
}) satisfies z.ZodType<SetupView>;

export const RouteExplanationSchema = z.object({
  at: instant,
  caller: z.string(),
  rule: nullable,
  steps: list(z.string()),
  reasons: list(z.object({ name: z.string(), applied: z.boolean(), because: z.string() })),
  targets: list(z.object({ target: z.string(), used: z.boolean(), because: z.string() })),
}) satisfies z.ZodType<RouteExplanation>;

export const HistoryPageSchema = z.object({
  calls: list(HistoryEntrySchema),
  next: nullable,
}) satisfies z.ZodType<HistoryPage>;

export const HistoryDetailSchema = HistoryEntrySchema.extend({
  events: list(z.object({ sequence: z.number(), at: instant, kind: z.string(), note: nullable })),
  decisions: list(
    z.object({
      number: z.number(),
      at: instant,
      rule: nullable,
      tookMs: z.number(),
      reasons: list(z.object({ name: z.string(), applied: z.boolean(), because: z.string() })),
    }),
  ),
  recordings: list(
    z.object({
      id: z.string(),
      startedAt: instant,
      durationMs: z.number().nullable(),
      state: z.enum(['recording', 'sealed', 'broken', 'destroyed']),
      playable: z.boolean(),
    }),
  ),
}) satisfies z.ZodType<HistoryDetail>;
