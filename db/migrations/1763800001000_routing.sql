-- Up Migration
-- Where calls go, as rows. Every condition column that is empty means "any".

create table route (
  id int generated always as identity primary key,
  priority int not null,
  enabled boolean not null default true,
  name text not null unique,
  line text references line on update cascade on delete cascade,
  caller text check (caller in ('known', 'ambiguous', 'new', 'unknown', 'blocked', 'staff', 'other-clinic')),
  min_assurance smallint check (min_assurance between 0 and 4),
  intent text check (intent in ('appointment', 'refill', 'clinical', 'results', 'billing', 'operator', 'urgent')),
  urgent boolean,
  has_pcp boolean,
  seen_within_days int check (seen_within_days > 0),
  appointment_within_days int check (appointment_within_days > 0),
  open_result boolean,
  language text,
  schedule text references schedule on update cascade,
  while_open boolean,
  percentage smallint check (percentage between 1 and 99),
  constraint schedule_and_while_open_together check ((schedule is null) = (while_open is null))
);
comment on table route is 'Rules tried from the lowest priority number up; the first whose every condition holds decides. An empty column means any.';

create table route_target (
  route_id int not null references route on delete cascade,
  position smallint not null check (position > 0),
  kind text not null check (kind in ('pcp', 'last-seen', 'result-owner', 'extension', 'team', 'outside', 'menu', 'callback', 'voicemail', 'goodbye')),
  value text,
  ring_seconds int not null default 20 check (ring_seconds between 5 and 180),
  primary key (route_id, position),
  constraint value_where_the_kind_needs_one check ((kind in ('pcp', 'last-seen', 'result-owner')) = (value is null))
);
comment on table route_target is 'What a route does, in order: the next position is the fallback when nobody answers within ring_seconds.';

create table route_version (
  version bigint generated always as identity primary key,
  at timestamptz not null default now(),
  changed_by text not null default current_user
);

create function route_changed() returns trigger language plpgsql as $$
declare v bigint;
begin
  insert into route_version default values returning version into v;
  perform pg_notify('chartline_routes', v::text);
  return null;
end $$;
create trigger route_changed after insert or update or delete or truncate on route for each statement execute function route_changed();
create trigger route_target_changed after insert or update or delete or truncate on route_target for each statement execute function route_changed();
