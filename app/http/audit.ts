import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { searchAudit } from '../../db/audit-search.ts';
import type { Db } from '../../db/db.ts';
import type { Audit } from '../audit.ts';
import { signedIn } from './guard.ts';
import { AuditPageSchema } from './schemas.ts';

const begins = z.string().trim().min(1).max(100).optional();

/** Who did what; reading it is itself noted, and refused when that cannot be stored. */
export function auditRoutes(on: { db: Db; audit: Audit }): FastifyPluginAsyncZod {
  return async (app) => {
    // POST: a patient id must not be in a URL.
    app.post(
      '/api/audit/search',
      {
        config: { access: ['privacy-officer'] },
        schema: {
          summary: 'Events of the audit chain, newest first; actor, action and subject by their beginning',
          body: z.object({
            actor: begins,
            action: begins,
            subject: begins,
            patientId: begins,
            before: z.number().int().positive().optional(),
          }),
          response: { 200: AuditPageSchema },
        },
      },
      async (request) => {
        const { actor = null, action = null, subject = null, patientId = null, before = null } = request.body;
        const by = signedIn(request).account.login;
        const detail = { actor, action, subject, patientId };
        await on.audit({ actor: `user:${by}`, action: 'audit.searched', subject: 'audit', detail });
        const limit = 100;
        const rows = await searchAudit(on.db, { actor, action, subject, patientId, before, limit });
        return {
          events: rows.map((row) => ({ ...row, at: row.at.toISOString(), detail: JSON.stringify(row.detail) })),
          next: rows.length === limit ? (rows.at(-1)?.sequence ?? null) : null,
        };
      },
    );
  };
}
