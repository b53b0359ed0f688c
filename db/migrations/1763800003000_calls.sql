-- Up Migration
-- What happened: calls, their legs, events, decisions, and the transactional outbox.

create table call (
  id uuid primary key,
  owner_node text not null,
  direction text not null check (direction in ('inbound', 'outbound', 'internal')),
  line text,
  trunk text,
  caller_number text,
  caller_header text,
  attestation text not null default 'none',
  match_kind text check (match_kind in ('one', 'several', 'none', 'withheld', 'unavailable')),
  patient_id text,
  assurance smallint not null default 0 check (assurance between 0 and 4),
  intent text,
  started_at timestamptz not null,
  answered_at timestamptz,
  bridged_at timestamptz,
  ended_at timestamptz,
  outcome text check (outcome in ('talked', 'abandoned', 'refused', 'unanswered', 'voicemail', 'failed')),
  answered_by text,
  constraint ends_with_an_outcome check ((ended_at is null) = (outcome is null))
);
create index call_started_at on call (started_at desc);
create index call_patient on call (patient_id, started_at desc);
create index call_open on call (owner_node) where ended_at is null;

create table call_leg (
  call_id uuid not null references call on delete cascade,
  leg smallint not null,
  role text not null check (role in ('caller', 'staff', 'outside')),
  sip_call_id text not null,
  extension text,
  media_endpoint text,
  started_at timestamptz not null,
  answered_at timestamptz,
  ended_at timestamptz,
  end_reason text,
  primary key (call_id, leg)
);
create index call_leg_sip_call_id on call_leg (sip_call_id);

create table call_event (
  call_id uuid not null references call on delete cascade,
  sequence int not null,
  at timestamptz not null,
  kind text not null,
  detail jsonb not null default '{}',
  primary key (call_id, sequence)
);
comment on table call_event is 'Append-only. sequence counts from 1 without gaps within a call.';
create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only', tg_table_name using hint = 'Add a row that corrects it instead.';
end $$;
create trigger call_event_append_only before update on call_event for each row execute function refuse_change();

create table decision (
  call_id uuid not null references call on delete cascade,
  number smallint not null,
  at timestamptz not null,
  rules_version bigint not null,
  rule_id int,
  rule_name text,
  facts jsonb not null,
  steps jsonb not null,
  reasons jsonb not null,
  took_us int not null,
  primary key (call_id, number)
);
comment on table decision is 'Each routing decision with the facts it saw, the rules it tried and why.';

create table outbox (
  subject text not null,
  sequence bigint generated always as identity,
  topic text not null,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  delivered_at timestamptz,
  attempts int not null default 0,
  set_aside_at timestamptz,
  last_error text,
  primary key (subject, sequence)
);
comment on table outbox is 'Written in the transaction of what it tells; drained in sequence per subject by one job a subject.';
create index outbox_waiting on outbox (subject, sequence) where delivered_at is null and set_aside_at is null;
