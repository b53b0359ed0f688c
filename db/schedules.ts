import type { Rotation, Schedule } from '../routing/rows.ts';
import type { Db } from './db.ts';

/** As JSON has it: instants are text. */
export type RotationRow = Omit<Rotation, 'swaps'> & {
  readonly swaps: readonly { readonly from: string; readonly until: string; readonly staffId: number }[];
};
export type ScheduleSet = { readonly schedules: readonly Schedule[]; readonly rotations: readonly RotationRow[] };

const minutes = (column: string) => `floor(extract(epoch from ${column}) / 60)::int`;

/** Every schedule with its periods and exceptions, and every on-call rotation, as of one moment. */
export async function loadSchedules(db: Db): Promise<ScheduleSet> {
  const { rows } = await db.query<{ set: ScheduleSet }>({
    name: 'schedule.all',
    text: `
      select json_build_object(
        'schedules', coalesce((select json_agg(json_build_object(
          'name', s.name, 'timeZone', s.time_zone,
          'periods', coalesce((
            select json_agg(json_build_object('weekday', p.weekday, 'opens', ${minutes('p.opens')},
                                              'closes', ${minutes('p.closes')}) order by p.weekday, p.opens)
              from schedule_period p where p.schedule = s.name), '[]'),
          'exceptions', coalesce((
            select json_agg(json_build_object('day', e.day, 'opens', ${minutes('e.opens')},
                                              'closes', ${minutes('e.closes')}, 'reason', e.reason) order by e.day)
              from schedule_exception e where e.schedule = s.name), '[]')) order by s.name)
          from schedule s), '[]'),
        'rotations', coalesce((select json_agg(json_build_object(
          'name', o.name, 'timeZone', o.time_zone, 'startsOn', o.starts_on, 'handover', ${minutes('o.handover')},
          'shiftDays', o.shift_days,
          'members', coalesce((
            select json_agg(json_build_object('staffId', m.staff_id, 'outside', m.outside) order by m.position)
              from on_call_member m where m.rotation = o.name), '[]'),
          'swaps', coalesce((
            select json_agg(json_build_object('from', w.starts_at, 'until', w.ends_at, 'staffId', w.staff_id)
                            order by w.starts_at)
              from on_call_swap w where w.rotation = o.name), '[]')) order by o.name)
          from on_call o), '[]')) as set`,
  });
  return rows[0]?.set ?? { schedules: [], rotations: [] };
}
