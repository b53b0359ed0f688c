import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Account } from '../../db/accounts.ts';
import * as callHistory from '../../db/call-history.ts';
import type { Db } from '../../db/db.ts';
import type { HistoryDetail, HistoryEntry } from '../api-types.ts';
import type { Audit } from '../audit.ts';
import { disclosure } from '../auth/disclosure.ts';
import { signedIn } from './guard.ts';
import { HttpProblem } from './problem.ts';
import { listeners } from './recordings.ts';
import { HistoryDetailSchema, HistoryPageSchema } from './schemas.ts';

const Query = z.object({
  limit: z.coerce.number().int().min(1).max(100).default(50),
  /** `next` of the page before. */
  before: z.string().max(100).optional(),
  outcome: z.enum(['talked', 'abandoned', 'refused', 'unanswered', 'voicemail', 'failed']).optional(),
});

/** Finished calls: the list and one of them with events, decisions and recordings. */
export function historyRoutes(on: { db: Db; audit: Audit }): FastifyPluginAsyncZod {
  return async (app) => {
    app.get(
      '/api/history',
      {
        config: { access: 'signed-in' },
        schema: { summary: 'Finished calls, newest first', querystring: Query, response: { 200: HistoryPageSchema } },
      },
      async (request) => {
        const { account } = signedIn(request);
        const { limit, outcome = null } = request.query;
        const before = request.query.before === undefined ? null : parseCursor(request.query.before);
        const calls = await callHistory.listCalls(on.db, { before, limit, outcome });
        const last = calls.at(-1);
        const next = last && calls.length === limit ? `${last.startedAt}_${last.callId}` : null;
        return { calls: calls.map((call) => redactEntry(call, account)), next };
      },
    );

    app.get(
      '/api/history/:id',
      {
        config: { access: 'signed-in' },
        schema: {
          summary: 'A call with its events, decisions and recordings',
          params: z.object({ id: z.uuid() }),
          response: { 200: HistoryDetailSchema },
        },
      },
      async (request): Promise<HistoryDetail> => {
        const { account } = signedIn(request);
        const call = await callHistory.findCall(on.db, request.params.id);
        if (!call) throw new HttpProblem(404, 'Not found', 'no such call');
        const actor = `user:${account.login}`;
        await on.audit({ actor, action: 'call.opened', subject: `call:${call.callId}` });
        const playable = (state: string) => state === 'sealed' && listeners.some((role) => role === account.role);
        return {
          ...call,
          ...redactEntry(call, account),
          recordings: call.recordings.map((recording) => ({ ...recording, playable: playable(recording.state) })),
        };
      },
    );
  };
}

function redactEntry<T extends HistoryEntry>(call: T, { role }: Account): T {
  const may = (part: 'number' | 'identity') => disclosure(role, part, call.assurance) === 'show';
  return {
    ...call,
    callerNumber: may('number') ? call.callerNumber : null,
    patientName: may('identity') ? call.patientName : null,
  };
}

function parseCursor(text: string): callHistory.HistoryCursor {
  const [at = '', callId = ''] = text.split('_');
  const startedAt = new Date(at);
  if (Number.isNaN(startedAt.getTime()) || !z.uuid().safeParse(callId).success) {
    throw new HttpProblem(400, 'Bad request', 'not valid: before');
  }
  return { startedAt, callId };
}
