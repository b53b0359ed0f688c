-- Up Migration
-- Where calls go, as rows. Every condition column that is empty means "any".

create table on_call (
  name text primary key check (name ~ '^[a-z0-9-]+$'),
  time_zone text not null,
  starts_on date not null,
  handover time not null default '08:00',
  shift_days smallint not null default 7 check (shift_days > 0)
);
comment on table on_call is 'Who is on call: its members take turns of shift_days, the first from starts_on; on_call_swap changes single shifts.';
comment on column on_call.handover is 'Local time at which the next member takes over.';

create table on_call_member (
  rotation text not null references on_call on update cascade on delete cascade,
  position smallint not null check (position > 0),
  staff_id int not null references staff on delete cascade,
  outside text check (outside ~ '^\+[1-9][0-9]{6,14}$'),
  primary key (rotation, position)
);
comment on column on_call_member.outside is 'Number rung after the desk phone while on call, in E.164: +12025550172.';

create table on_call_swap (
  rotation text not null references on_call on update cascade on delete cascade,
  starts_at timestamptz not null,
  ends_at timestamptz not null,
  staff_id int not null references staff on delete cascade,
  primary key (rotation, starts_at),
  constraint starts_before_it_ends check (starts_at < ends_at)
);
comment on table on_call_swap is 'Somebody else is on call for this time: comes before the turn.';

create table route (
  id int generated always as identity primary key,
  priority int not null,
  enabled boolean not null default true,
  name text not null unique,
  line text references line on update cascade on delete cascade,
  direct_line boolean,
  caller text check (caller in ('known', 'ambiguous', 'new', 'unknown', 'blocked', 'staff', 'other-clinic')),
  min_assurance smallint check (min_assurance between 0 and 4),
  intent text check (intent in ('appointment', 'refill', 'clinical', 'results', 'billing', 'operator', 'urgent')),
  urgent boolean,
  has_pcp boolean,
  seen_within_days int check (seen_within_days > 0),
  seen_by text,
  appointment_within_days int check (appointment_within_days > 0),
  open_result boolean,
  open_order boolean,
  open_task boolean,
  care_team_member text,
  flag text,
  language text check (language ~ '^[A-Za-z]{2,3}(-[A-Za-z0-9]+)*$'),
  min_age smallint check (min_age between 0 and 150),
  max_age smallint check (max_age between 0 and 150),
  location text,
  schedule text references schedule on update cascade,
  while_open boolean,
  staff text,
  staff_state text check (staff_state in ('available', 'busy', 'away', 'out')),
  queue_team text references team on update cascade,
  queue_wait_over_seconds int check (queue_wait_over_seconds >= 0),
  percentage smallint check (percentage between 1 and 99),
  constraint schedule_and_while_open_together check ((schedule is null) = (while_open is null)),
  constraint staff_and_staff_state_together check ((staff is null) = (staff_state is null)),
  constraint queue_team_and_wait_together check ((queue_team is null) = (queue_wait_over_seconds is null)),
  constraint min_age_not_over_max_age check (min_age <= max_age)
);
comment on table route is 'Rules tried from the lowest priority number up; the first whose every condition holds decides. An empty column means any. An urgent call tries only the rules with urgent = true.';
comment on column route.priority is 'Lower is tried first; leave gaps (10, 20, 30) for rules to come.';
comment on column route.enabled is 'false: kept, but not tried.';
comment on column route.name is 'What the console and the reasons call it.';
comment on column route.line is 'Number that was dialled (DNIS), in E.164.';
comment on column route.direct_line is 'true: a provider''s own line (line.direct_practitioner_id); false: a shared line.';
comment on column route.caller is 'What the phone index says of the caller''s number: known (one patient), ambiguous (several), new, unknown, blocked, staff, other-clinic.';
comment on column route.min_assurance is 'Identity proved at least so far: 0 unknown, 1 claimed, 2 one factor, 3 verified, 4 verified by staff or portal.';
comment on column route.intent is 'What the caller chose in the menu.';
comment on column route.urgent is 'true: for urgent calls, which try only such rules, whatever they chose; false or empty: for all others.';
comment on column route.has_pcp is 'The chart names a primary care provider. No chart condition holds while the chart is unknown.';
comment on column route.seen_within_days is 'Last visit at most so many days ago.';
comment on column route.seen_by is 'FHIR Practitioner id of the last visit.';
comment on column route.appointment_within_days is 'Next appointment at most so many days ahead.';
comment on column route.open_result is 'A result waits to be discussed.';
comment on column route.open_order is 'An order is open.';
comment on column route.open_task is 'A task is open.';
comment on column route.care_team_member is 'FHIR Practitioner id on the patient''s care team.';
comment on column route.flag is 'Flag of the chart, by its text; capitals do not matter.';
comment on column route.language is 'Language of the chart, else of the line, for example es; regions do not matter.';
comment on column route.min_age is 'Age in whole years, from.';
comment on column route.max_age is 'Age in whole years, to and including.';
comment on column route.location is 'FHIR Location or Organization id of the patient''s usual site.';
comment on column route.schedule is 'Named hours; goes with while_open.';
comment on column route.while_open is 'true: while the schedule is open; false: while it is closed.';
comment on column route.staff is 'Whose state counts: pcp, last-seen, result-owner, line-owner, or an extension''s number; goes with staff_state.';
comment on column route.staff_state is 'available, busy (on the phone), away, out (covered_by takes the calls).';
comment on column route.queue_team is 'Team whose queue counts; goes with queue_wait_over_seconds.';
comment on column route.queue_wait_over_seconds is 'The longest wait in that queue is over so many seconds.';
comment on column route.percentage is 'Takes so many of 100 callers, always the same ones: for pilots. Raising it keeps who is in.';

create table route_target (
  route_id int not null references route on delete cascade,
  position smallint not null check (position > 0),
  kind text not null check (kind in ('pcp', 'last-seen', 'result-owner', 'line-owner', 'care-team', 'on-call', 'extension', 'team', 'queue', 'outside', 'menu', 'callback', 'voicemail', 'goodbye')),
  value text,
  ring_seconds int not null default 20 check (ring_seconds between 5 and 180),
  max_wait_seconds int not null default 600 check (max_wait_seconds between 10 and 7200),
  primary key (route_id, position),
  constraint value_where_the_kind_needs_one check ((kind in ('pcp', 'last-seen', 'result-owner', 'line-owner', 'care-team')) = (value is null))
);
comment on table route_target is 'What a route does, in order: the next position is the fallback when nobody answers within ring_seconds. After the last one comes the last resort: front-desk, then goodbye.';
comment on column route_target.kind is 'pcp, last-seen, result-owner, line-owner, care-team: whom the chart or the line names. on-call, extension, team (rings who is free), queue (waits), outside, menu, callback, voicemail, goodbye (ends the call): value says which.';
comment on column route_target.value is 'The rotation, extension, team, number in E.164, menu, mailbox (extension or team) or prompt; empty for the kinds that the chart or the line names.';
comment on column route_target.ring_seconds is 'How long each phone rings.';
comment on column route_target.max_wait_seconds is 'queue: longest wait before the next target.';

-- Messages that say what to write instead.

create function require_one_of(what text, given text, allowed text[]) returns void language plpgsql as $$
begin
  if given is not null and given <> all (allowed) then
    raise exception '% cannot be ''%''', what, given
      using errcode = 'check_violation',
            hint = case when cardinality(allowed) = 0 then 'There is none yet: add it first.'
                        else 'Write one of: ' || array_to_string(allowed, ', ') || '.' end;
  end if;
end $$;

create function require_time_zone() returns trigger language plpgsql as $$
begin
  perform now() at time zone new.time_zone;
  return new;
exception when invalid_parameter_value then
  raise exception '%.time_zone cannot be ''%''', tg_table_name, new.time_zone
    using errcode = 'check_violation', hint = 'Write an IANA zone, for example America/New_York.';
end $$;
create trigger time_zone_exists before insert or update of time_zone on schedule for each row execute function require_time_zone();
create trigger time_zone_exists before insert or update of time_zone on line for each row execute function require_time_zone();
create trigger time_zone_exists before insert or update of time_zone on on_call for each row execute function require_time_zone();

create function check_route() returns trigger language plpgsql as $$
begin
  perform require_one_of('route.caller', new.caller, '{known,ambiguous,new,unknown,blocked,staff,other-clinic}');
  perform require_one_of('route.intent', new.intent, '{appointment,refill,clinical,results,billing,operator,urgent}');
  perform require_one_of('route.line', new.line, array(select number from line order by 1));
  perform require_one_of('route.schedule', new.schedule, array(select name from schedule order by 1));
  perform require_one_of('route.queue_team', new.queue_team, array(select name from team order by 1));
  perform require_one_of('route.staff_state', new.staff_state, '{available,busy,away,out}');
  perform require_one_of('route.staff', new.staff,
    '{pcp,last-seen,result-owner,line-owner}'::text[] || array(select number from extension order by 1));
  if (new.schedule is null) <> (new.while_open is null) then
    raise exception 'route ''%'' has only one of schedule and while_open', new.name
      using errcode = 'check_violation',
            hint = 'Set while_open to true (while open) or false (while closed), or leave both empty.';
  end if;
  if (new.staff is null) <> (new.staff_state is null) then
    raise exception 'route ''%'' has only one of staff and staff_state', new.name
      using errcode = 'check_violation', hint = 'Write both, for example staff = ''pcp'' and staff_state = ''out'', or neither.';
  end if;
  if (new.queue_team is null) <> (new.queue_wait_over_seconds is null) then
    raise exception 'route ''%'' has only one of queue_team and queue_wait_over_seconds', new.name
      using errcode = 'check_violation', hint = 'Write both, for example queue_team = ''scheduling'' and queue_wait_over_seconds = 120, or neither.';
  end if;
  if new.urgent and new.intent <> 'urgent' then
    raise exception 'route ''%'' asks for an urgent call with the intent %', new.name, new.intent
      using errcode = 'check_violation', hint = 'Leave intent empty: an urgent call is urgent whatever the caller chose.';
  end if;
  if not new.urgent and new.intent = 'urgent' then
    raise exception 'route ''%'' asks for the intent urgent and a call that is not urgent', new.name
      using errcode = 'check_violation', hint = 'Set urgent to true, or leave it empty.';
  end if;
  if new.percentage not between 1 and 99 then
    raise exception 'route ''%'' takes % percent of callers', new.name, new.percentage
      using errcode = 'check_violation', hint = 'Write 1 to 99; for all callers leave percentage empty, for none set enabled to false.';
  end if;
  if new.min_age > new.max_age then
    raise exception 'route ''%'' has min_age % over max_age %', new.name, new.min_age, new.max_age
      using errcode = 'check_violation', hint = 'Swap them.';
  end if;
  return new;
end $$;
create trigger route_makes_sense before insert or update on route for each row execute function check_route();

create function check_route_target() returns trigger language plpgsql as $$
declare
  kinds_without_value constant text[] := '{pcp,last-seen,result-owner,line-owner,care-team}';
begin
  perform require_one_of('route_target.kind', new.kind,
    kinds_without_value || '{on-call,extension,team,queue,outside,menu,callback,voicemail,goodbye}'::text[]);
  if new.kind = any (kinds_without_value) and new.value is not null then
    raise exception 'a target of kind % has the value ''%''', new.kind, new.value
      using errcode = 'check_violation',
            hint = 'Leave value empty: the chart or the line says who. For one phone write kind extension and its number.';
  end if;
  if new.kind <> all (kinds_without_value) and new.value is null then
    raise exception 'a target of kind % needs a value', new.kind
      using errcode = 'check_violation', hint = 'Name the ' || new.kind || ' in the column value.';
  end if;
  case new.kind
    when 'on-call' then perform require_one_of('an on-call target', new.value, array(select name from on_call order by 1));
    when 'extension' then perform require_one_of('an extension target', new.value, array(select number from extension order by 1));
    when 'team', 'queue', 'callback' then
      perform require_one_of('a ' || new.kind || ' target', new.value, array(select name from team order by 1));
    when 'voicemail' then
      perform require_one_of('a voicemail target', new.value,
        array(select number from extension order by 1) || array(select name from team order by 1));
    when 'menu' then perform require_one_of('a menu target', new.value, array(select name from ivr_menu order by 1));
    when 'goodbye' then perform require_one_of('a goodbye target', new.value, array(select distinct key from prompt order by 1));
    when 'outside' then
      if new.value !~ '^\+[1-9][0-9]{6,14}$' then
        raise exception 'an outside target cannot be ''%''', new.value
          using errcode = 'check_violation', hint = 'Write the number in E.164: + and country code, for example +12025550172.';
      end if;
    else null;
  end case;
  return new;
end $$;
create trigger route_target_makes_sense before insert or update on route_target for each row execute function check_route_target();

-- What a target or a condition names keeps existing under the name it is given.
create function keep_named_targets() returns trigger language plpgsql as $$
declare
  kinds constant text[] := tg_argv[0];
  old_name constant text := to_jsonb(old) ->> tg_argv[1];
  user_name text;
begin
  if tg_op = 'UPDATE' then
    update route_target set value = to_jsonb(new) ->> tg_argv[1] where kind = any (kinds) and value = old_name;
    if tg_table_name = 'extension' then
      update route set staff = new.number where staff = old_name;
    end if;
    return new;
  end if;
  select r.name into user_name from route r left join route_target t on t.route_id = r.id
   where (t.kind = any (kinds) and t.value = old_name) or (tg_table_name = 'extension' and r.staff = old_name) limit 1;
  if user_name is not null then
    raise exception '% ''%'' is used by route ''%''', tg_table_name, old_name, user_name
      using errcode = 'foreign_key_violation', hint = 'Change or delete that route''s target first.';
  end if;
  return old;
end $$;
create trigger routes_follow after update of name on team for each row when (old.name <> new.name) execute function keep_named_targets('{team,queue,callback,voicemail}', 'name');
create trigger routes_keep before delete on team for each row execute function keep_named_targets('{team,queue,callback,voicemail}', 'name');
create trigger routes_follow after update of number on extension for each row when (old.number <> new.number) execute function keep_named_targets('{extension,voicemail}', 'number');
create trigger routes_keep before delete on extension for each row execute function keep_named_targets('{extension,voicemail}', 'number');
create trigger routes_follow after update of name on on_call for each row when (old.name <> new.name) execute function keep_named_targets('{on-call}', 'name');
create trigger routes_keep before delete on on_call for each row execute function keep_named_targets('{on-call}', 'name');

-- Every transaction that changes routes leaves one version with all rows, made at commit.

create table route_version (
  version bigint generated always as identity primary key,
  at timestamptz not null default now(),
  changed_by text not null default coalesce(nullif(current_setting('chartline.actor', true), ''), current_user),
  note text,
  transaction xid8 not null default pg_current_xact_id(),
  routes jsonb not null,
  targets jsonb not null,
  audited boolean not null default false
);
create index route_version_to_audit on route_version (version) where not audited;
comment on table route_version is 'All routes as they stood after each change: npm run route -- versions, npm run route -- undo <version>.';
comment on column route_version.changed_by is 'Who: the setting chartline.actor of the transaction, else the database user.';
comment on column route_version.note is 'Why: the setting chartline.note of the transaction.';

create function keep_route_version() returns trigger language plpgsql as $$
declare
  latest record;
  made bigint;
begin
  -- Commits that change routes queue here, so that versions are numbered as they become visible and miss nothing.
  perform pg_advisory_xact_lock(hashtext('route_version'));
  select v.transaction, v.at into latest from route_version v order by v.version desc limit 1;
  if latest.transaction = pg_current_xact_id() and latest.at = now() then
    return null;
  end if;
  insert into route_version (note, routes, targets) values (
    nullif(current_setting('chartline.note', true), ''),
    coalesce((select jsonb_agg(to_jsonb(r) order by r.priority, r.id) from route r), '[]'),
    coalesce((select jsonb_agg(to_jsonb(t) order by t.route_id, t.position) from route_target t), '[]')
  ) returning version into made;
  perform pg_notify('chartline_routes', made::text);
  return null;
end $$;
create constraint trigger route_changed after insert or update or delete on route
  deferrable initially deferred for each row execute function keep_route_version();
create constraint trigger route_target_changed after insert or update or delete on route_target
  deferrable initially deferred for each row execute function keep_route_version();

create function refuse_truncate() returns trigger language plpgsql as $$
begin
  raise exception '% keeps its versions and cannot be truncated', tg_table_name using hint = 'Write: delete from ' || tg_table_name || '.';
end $$;
create trigger route_not_truncated before truncate on route for each statement execute function refuse_truncate();
create trigger route_target_not_truncated before truncate on route_target for each statement execute function refuse_truncate();

create trigger on_call_changed after insert or update or delete or truncate on on_call for each statement execute function notify_phones_changed();
create trigger on_call_member_changed after insert or update or delete or truncate on on_call_member for each statement execute function notify_phones_changed();
create trigger on_call_swap_changed after insert or update or delete or truncate on on_call_swap for each statement execute function notify_phones_changed();
