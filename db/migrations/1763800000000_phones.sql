-- Up Migration
-- Lines, trunks, phones and people: what a phone admin edits.

create table schedule (
  name text primary key constraint name_of_a_to_z_0_to_9_and_dashes check (name ~ '^[a-z0-9-]+$'),
  time_zone text not null,
  description text not null default ''
);
comment on table schedule is 'Named opening hours. A moment is open when a schedule_period covers it and no closing exception does.';
comment on column schedule.time_zone is 'IANA zone, for example America/New_York; hours are local to it, daylight saving included.';

create table schedule_period (
  schedule text not null references schedule on update cascade on delete cascade,
  weekday smallint not null constraint weekday_from_1_monday_to_7_sunday check (weekday between 1 and 7),
  opens time not null,
  closes time not null,
  primary key (schedule, weekday, opens),
  constraint opens_before_it_closes check (opens < closes)
);
comment on column schedule_period.weekday is '1 Monday to 7 Sunday (ISO 8601).';

create table schedule_exception (
  schedule text not null references schedule on update cascade on delete cascade,
  day date not null,
  opens time,
  closes time,
  reason text not null,
  primary key (schedule, day),
  constraint both_or_neither check ((opens is null) = (closes is null)),
  constraint exception_opens_before_it_closes check (opens < closes)
);
comment on table schedule_exception is 'One day that differs: holiday (opens and closes empty: closed all day) or other hours.';

create table team (
  name text primary key constraint name_of_a_to_z_0_to_9_and_dashes check (name ~ '^[a-z0-9-]+$'),
  title text not null,
  strategy text not null default 'ring-all'
    constraint strategy_is_ring_all_longest_idle_or_round_robin check (strategy in ('ring-all', 'longest-idle', 'round-robin'))
);
comment on column team.name is 'Short name that routes use: scheduling, nurse-triage, front-desk.';

create table extension (
  number text primary key constraint number_of_2_to_6_digits check (number ~ '^[0-9]{2,6}$'),
  display_name text not null,
  ha1_md5 text not null constraint ha1_md5_set_by_npm_run_extension check (ha1_md5 ~ '^[0-9a-f]{32}$'),
  ha1_sha256 text not null constraint ha1_sha256_set_by_npm_run_extension check (ha1_sha256 ~ '^[0-9a-f]{64}$'),
  realm text not null,
  enabled boolean not null default true
);
comment on table extension is 'A desk phone or softphone that registers. Secrets are kept only as digest HA1s (RFC 8760): set them with npm run extension -- set <number>.';

create table staff (
  id int generated always as identity primary key,
  name text not null,
  extension text unique references extension on update cascade on delete set null,
  practitioner_id text unique,
  state text not null default 'available'
    constraint state_is_available_busy_away_or_out check (state in ('available', 'busy', 'away', 'out')),
  languages text[] not null default '{en}',
  covered_by int references staff on delete set null
    constraint covered_by_somebody_else check (covered_by <> id)
);
comment on column staff.practitioner_id is 'FHIR Practitioner id in the EHR: joins a chart''s PCP to a phone.';
comment on column staff.covered_by is 'Who takes this person''s calls while out.';

create table team_member (
  team text not null references team on update cascade on delete cascade,
  staff_id int not null references staff on delete cascade,
  position smallint not null default 0,
  primary key (team, staff_id)
);

create table line (
  number text primary key constraint "number_in_full_like_+12025550100" check (number ~ '^\+[1-9][0-9]{6,14}$'),
  name text not null,
  time_zone text not null,
  us_state text constraint "us_state_of_two_capitals_like_MD" check (us_state ~ '^[A-Z]{2}$'),
  language text not null default 'en',
  record boolean not null default true,
  direct_practitioner_id text
);
comment on table line is 'A number that callers dial (DID, DNIS), in E.164.';
comment on column line.us_state is 'Where the clinic answers this line: decides recording consent together with the caller''s place.';
comment on column line.direct_practitioner_id is 'Set: this line belongs to one provider and rings their phone.';

create table trunk (
  name text primary key constraint name_of_a_to_z_0_to_9_and_dashes check (name ~ '^[a-z0-9-]+$'),
  source cidr[] not null,
  region text not null default 'US' constraint "region_of_two_capitals_like_US" check (region ~ '^[A-Z]{2}$'),
  caller_headers text[] not null default '{P-Asserted-Identity,Remote-Party-ID,From}'
    constraint "caller_headers_P-Asserted-Identity_Remote-Party-ID_or_From"
    check (caller_headers <@ '{P-Asserted-Identity,Remote-Party-ID,From}' and cardinality(caller_headers) > 0),
  trusted boolean not null default false,
  outbound_uri text,
  max_channels int not null default 100 constraint max_channels_above_0 check (max_channels > 0),
  emergency boolean not null default false,
  enabled boolean not null default true
);
comment on table trunk is 'A carrier or PBX. An INVITE from an address outside every trunk and every registered phone is refused.';
comment on column trunk.source is 'Networks its INVITEs come from, e.g. {203.0.113.0/28}.';
comment on column trunk.region is 'Country whose national number forms it writes.';
comment on column trunk.trusted is 'Believe its P-Asserted-Identity, Remote-Party-ID and verstat (RFC 3325 trust domain); otherwise only From is read.';

create table registration (
  extension text not null references extension on update cascade on delete cascade,
  contact text not null,
  expires_at timestamptz not null,
  q real not null default 1 check (q between 0 and 1),
  sip_call_id text not null,
  cseq bigint not null,
  edge text not null,
  flow text not null,
  path text[] not null default '{}',
  received text not null,
  instance text,
  user_agent text,
  updated_at timestamptz not null default now(),
  primary key (extension, contact)
);
comment on column registration.edge is 'The edge that took the REGISTER: a TCP or NATed phone is reached only through it.';
comment on column registration.flow is 'protocol/address:port that the REGISTER came from.';

-- A NOTIFY carries only the table's name: listeners re-read (design.md §4).
create function notify_phones_changed() returns trigger language plpgsql as $$
begin
  perform pg_notify('chartline_phones', tg_table_name);
  return null;
end $$;
create trigger line_changed after insert or update or delete or truncate on line for each statement execute function notify_phones_changed();
create trigger trunk_changed after insert or update or delete or truncate on trunk for each statement execute function notify_phones_changed();
create trigger extension_changed after insert or update or delete or truncate on extension for each statement execute function notify_phones_changed();
create trigger staff_changed after insert or update or delete or truncate on staff for each statement execute function notify_phones_changed();
create trigger team_changed after insert or update or delete or truncate on team for each statement execute function notify_phones_changed();
create trigger team_member_changed after insert or update or delete or truncate on team_member for each statement execute function notify_phones_changed();
create trigger schedule_changed after insert or update or delete or truncate on schedule for each statement execute function notify_phones_changed();
create trigger schedule_period_changed after insert or update or delete or truncate on schedule_period for each statement execute function notify_phones_changed();
create trigger schedule_exception_changed after insert or update or delete or truncate on schedule_exception for each statement execute function notify_phones_changed();
