import type { Db } from './db.ts';

export type AuditRow = {
  readonly sequence: number;
  readonly at: Date;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly detail: unknown;
};

/** What to look for; null: any. */
export type AuditQuery = {
  readonly actor: string | null;
  readonly action: string | null;
  readonly subject: string | null;
  /** FHIR Patient id in the event's detail: who looked at this patient. */
  readonly patientId: string | null;
  /** Only older than this sequence. */
  readonly before: number | null;
  readonly limit: number;
};

/** Events of the audit chain that fit everything given, newest first. Actor, action and subject by their beginning. */
export async function searchAudit(db: Db, query: AuditQuery): Promise<AuditRow[]> {
  const { rows } = await db.query<Omit<AuditRow, 'sequence'> & { sequence: string }>({
    name: 'audit_search.search',
    text: `
      select sequence, at, actor, action, subject, detail from audit_event
       where ($1::text is null or starts_with(actor, $1))
         and ($2::text is null or starts_with(action, $2))
         and ($3::text is null or starts_with(subject, $3))
         and ($4::text is null or detail->>'patientId' = $4)
         and ($5::bigint is null or sequence < $5)
       order by sequence desc limit $6`,
    values: [query.actor, query.action, query.subject, query.patientId, query.before, query.limit],
  });
  return rows.map((row) => ({ ...row, sequence: Number(row.sequence) }));
}
