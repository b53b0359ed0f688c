import { defaultRotation, defaultRoutes, defaultSchedule, defaultTeams } from '../routing/defaults.ts';
import type { RouteRow } from '../routing/rows.ts';
import type { Db } from './db.ts';
import { signRouteChange } from './routes.ts';
import { seedPrompts } from './seed-prompts.ts';

/**
 * Enters what calls are routed by on a fresh database: prompts and menu, the three teams, hours (Monday to Friday 8 to
 * 17 unless the schedule is there), an on-call rotation without members, the default routes. Touches nothing that is
 * there already; routes are entered only when there has never been one. Run it in a transaction, after the lines.
 */
export async function seedRouting(db: Db, timeZone: string): Promise<void> {
  await seedPrompts(db);
  for (const { name, title } of defaultTeams) {
    await db.query('insert into team (name, title) values ($1, $2) on conflict do nothing', [name, title]);
  }
  await seedHours(db, timeZone);
  await db.query(
    `insert into on_call (name, time_zone, starts_on) values ($1, $2, date_trunc('week', now())::date)
         on conflict do nothing`,
    [defaultRotation, timeZone],
  );
  const { rows } = await db.query<{ any: boolean }>('select exists (select from route_version) as any');
  if (rows[0]?.any) return;
  await signRouteChange(db, 'system', 'default routes');
  for (const route of defaultRoutes) await insertRoute(db, route);
}

async function seedHours(db: Db, timeZone: string): Promise<void> {
  const { rowCount } = await db.query(
    `insert into schedule (name, time_zone, description) values ($1, $2, 'When the clinic answers.')
         on conflict do nothing`,
    [defaultSchedule, timeZone],
  );
  if (!rowCount) return;
  await db.query(
    `insert into schedule_period (schedule, weekday, opens, closes)
     select $1, weekday, '08:00', '17:00' from generate_series(1, 5) weekday`,
    [defaultSchedule],
  );
}

/** Adds `route` with its targets; its id is the database's. Rejects with the constraint's message. */
export async function insertRoute(db: Db, route: RouteRow): Promise<number> {
  const { rows } = await db.query<{ id: number }>({
    name: 'route.insert',
    text: `
      insert into route (priority, enabled, name, line, direct_line, caller, min_assurance, intent, urgent, has_pcp,
        seen_within_days, seen_by, appointment_within_days, open_result, open_order, open_task, care_team_member, flag,
        language, min_age, max_age, location, schedule, while_open, staff, staff_state, queue_team,
        queue_wait_over_seconds, percentage)
      values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23,
        $24, $25, $26, $27, $28, $29)
      returning id`,
    values: [
      route.priority,
      route.enabled,
      route.name,
      route.line,
      route.directLine,
      route.caller,
      route.minAssurance,
      route.intent,
      route.urgent,
      route.hasPcp,
      route.seenWithinDays,
      route.seenBy,
      route.appointmentWithinDays,
      route.openResult,
      route.openOrder,
      route.openTask,
      route.careTeamMember,
      route.flag,
      route.language,
      route.minAge,
      route.maxAge,
      route.location,
      route.schedule,
      route.whileOpen,
      route.staff,
      route.staffState,
      route.queueTeam,
      route.queueWaitOverSeconds,
      route.percentage,
    ],
  });
  const id = rows[0]?.id ?? 0;
  await db.query({
    name: 'route_target.insert',
    text: `
      insert into route_target (route_id, position, kind, value, ring_seconds, max_wait_seconds)
      select $1, place, t.kind, t.value, t."ringSeconds", t."maxWaitSeconds"
        from rows from (json_to_recordset($2) as (kind text, value text, "ringSeconds" int, "maxWaitSeconds" int))
             with ordinality as t(kind, value, "ringSeconds", "maxWaitSeconds", place)`,
    values: [id, JSON.stringify(route.targets)],
  });
  return id;
}
