import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { DateTime } from 'luxon';
import { z } from 'zod';
import type { Db } from '../../db/db.ts';
import { loadPhones, type PhoneRows } from '../../db/phones.ts';
import { registeredExtensions } from '../../db/registrations.ts';
import { loadRoutes, type RouteSet } from '../../db/routes.ts';
import { loadSchedules } from '../../db/schedules.ts';
import { type CompiledRules, compileRules } from '../../routing/compile.ts';
import { stepText } from '../../routing/explain.ts';
import { lint } from '../../routing/lint.ts';
import type { TargetRow } from '../../routing/rows.ts';
import type { CallFacts, Decision } from '../../routing/types.ts';
import type { E164 } from '../../sip/address.ts';
import type { Role, SetupView } from '../api-types.ts';
import type { ImaginedCall } from '../dry-run.ts';
import { routingRows } from '../live-rules.ts';
import { signedIn } from './guard.ts';
import { HttpProblem } from './problem.ts';
import { RouteExplanationSchema, SetupSchema } from './schemas.ts';

/** Decides on an imagined call by the rules in force. */
export type DryRun = (call: ImaginedCall) => Promise<{ readonly facts: CallFacts; readonly decision: Decision }>;

const mayRead = ['admin', 'supervisor'] as const satisfies readonly Role[];
const intents = ['appointment', 'refill', 'clinical', 'results', 'billing', 'operator', 'urgent'] as const;
const callers = ['known', 'ambiguous', 'unknown'] as const;

/** Lines, phones, trunks and rules as they stand, and what would happen to a call. */
export function setupRoutes(on: { db: Db; dryRun: DryRun }): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/setup',
      {
        config: { access: mayRead },
        schema: { summary: 'Lines, phones, trunks, rules, and what looks odd', response: { 200: SetupSchema } },
      },
      async () => readSetup(on.db),
    );

    app.post(
      '/api/routes/explain',
      {
        config: { access: mayRead, rateLimit: { max: 60, timeWindow: '1 minute' } },
        schema: {
          summary: 'What would happen to a call, and why; nothing rings',
          body: z.object({
            line: z.string().max(20),
            from: z
              .string()
              .regex(/^\+[1-9]\d{6,14}$/)
              .optional(),
            caller: z.enum(callers).optional(),
            intent: z.enum(intents).optional(),
            at: z.iso.datetime({ local: true }).optional().describe("local to the line's time zone"),
            everyPhone: z.boolean().default(false),
          }),
          response: { 200: RouteExplanationSchema },
        },
      },
      async (request) => {
        const { line: dialled, from = null, caller, intent = null, at, everyPhone } = request.body;
        // Whether a number is a patient's is not an administrator's business.
        if (from !== null && signedIn(request).account.role === 'admin') {
          throw new HttpProblem(403, 'Forbidden', 'choose a kind of caller instead of a number');
        }
        const line = (await loadPhones(on.db)).lines.find(({ number }) => number === dialled);
        if (!line) throw new HttpProblem(404, 'Not found', 'no such line');
        const moment = at === undefined ? new Date() : DateTime.fromISO(at, { zone: line.timeZone }).toJSDate();
        const { facts, decision } = await on.dryRun({
          line: line.number,
          from: from as E164 | null,
          at: moment,
          intent,
          everyPhone,
          ...(caller ? { caller } : {}),
        });
        return {
          at: moment.toISOString(),
          caller: facts.caller,
          rule: decision.rule?.name ?? null,
          steps: decision.steps.map(stepText),
          reasons: decision.reasons.map(({ name, applied, because }) => ({ name, applied, because })),
          targets: decision.targets.map(({ target, used, because }) => ({ target, used, because })),
        };
      },
    );
  };
}

async function readSetup(db: Db): Promise<SetupView> {
  const routes = await loadRoutes(db);
  const schedules = await loadSchedules(db);
  const phones = await loadPhones(db);
  const registered = await registeredExtensions(db);
  const rows = routingRows({ routes, schedules, phones });
  return {
    lines: phones.lines.map(({ number, name, timeZone, language, record, menu }) => ({
      number,
      name,
      timeZone,
      language,
      recorded: record,
      menu,
    })),
    phones: phonesView(phones, registered),
    trunks: phones.trunks.map(({ name, source, trusted }) => ({ name, source, trusted })),
    routes: routesView(routes, compileRules(rows)),
    rulesVersion: routes.version,
    findings: lint(rows),
  };
}

function phonesView({ extensions, staff }: PhoneRows, registered: ReadonlySet<string>): SetupView['phones'] {
  return extensions.map(({ number, displayName }) => {
    const person = staff.find(({ extension }) => extension === number);
    return {
      extension: number,
      name: person?.name ?? displayName,
      registered: registered.has(number),
      teams: person?.teams ?? [],
      state: person?.state ?? null,
    };
  });
}

function routesView({ routes }: RouteSet, { ordinary, urgent }: CompiledRules): SetupView['routes'] {
  const all = ({ anyLine, byLine }: CompiledRules['urgent']) => [...anyLine, ...[...byLine.values()].flat()];
  const holds = new Map([
    ...all(ordinary).map((rule) => [rule.id, rule.trial(null).because] as const),
    ...all(urgent).map((rule) => [rule.id, `urgent: ${rule.trial(null).because}`] as const),
  ]);
  return routes.map(({ id, priority, enabled, name, targets }) => ({
    id,
    priority,
    enabled,
    name,
    holds: holds.get(id) ?? null,
    targets: targets.map(targetText),
  }));
}

function targetText({ kind, value, ringSeconds, maxWaitSeconds }: TargetRow): string {
  const where = [kind, value].filter(Boolean).join(' ');
  if (kind === 'queue') return `${where}, at most ${maxWaitSeconds} s`;
  return ['menu', 'voicemail', 'goodbye', 'callback'].includes(kind) ? where : `${where}, ${ringSeconds} s`;
}
