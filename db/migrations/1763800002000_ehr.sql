-- Up Migration
-- What we keep of the EHR: the phone index, who is who, cached summaries. All of it is PHI.

create table patient_identity (
  patient_id text primary key,
  name text not null,
  birth_date date,
  gender text,
  mrn text,
  active boolean not null default true,
  merged_into text,
  source_updated_at timestamptz,
  updated_at timestamptz not null default now()
);
comment on column patient_identity.merged_into is 'The chart that goes on (Patient.link replaced-by): its identity is shown instead.';
create index patient_identity_merged on patient_identity (merged_into) where merged_into is not null;

create table patient_phone (
  number text not null check (number ~ '^\+[0-9]{5,15}$'),
  patient_id text not null references patient_identity on delete cascade,
  relation text not null check (relation in ('primary', 'alternate', 'related', 'household')),
  held_by text,
  use text,
  rank smallint,
  valid_from date,
  valid_until date,
  source text not null,
  primary key (number, patient_id, source)
);
comment on table patient_phone is 'The phone index: which patients a caller''s number may mean. Filled from the EHR; not edited by hand.';
comment on column patient_phone.source is 'FHIR element it came from: Patient.telecom, Patient.contact, or RelatedPerson/id.';
create index patient_phone_patient on patient_phone (patient_id);
create index patient_phone_relative on patient_phone (source) where source like 'RelatedPerson/%';

create table phone_problem (
  patient_id text not null references patient_identity on delete cascade,
  source text not null,
  value text not null,
  reason text not null check (reason in ('empty', 'words', 'no-area-code', 'too-short', 'too-long', 'placeholder')),
  found_at timestamptz not null default now(),
  primary key (patient_id, source, value)
);
comment on table phone_problem is 'The clinic''s work list: what stands in a chart as a phone number and cannot be dialled. Mend it in the EHR; the next sync clears it.';

create table number_exception (
  number text primary key check (number ~ '^\+[0-9]{5,15}$'),
  kind text not null check (kind in ('blocked', 'facility', 'relay')),
  note text not null default ''
);
comment on table number_exception is 'Numbers that never match a patient, even if a chart holds them. The clinic''s own lines need no row here.';
comment on column number_exception.kind is 'blocked, facility (hospital, nursing home, school, shelter, jail, another clinic), or relay (a relay service for the deaf).';

create table patient_activity (
  patient_id text not null references patient_identity on delete cascade,
  kind text not null check (kind in ('appointment', 'result')),
  source text primary key,
  at timestamptz not null
);
comment on table patient_activity is 'Visits around today and results of the last days: ranks several patients on one number while the EHR is away.';
create index patient_activity_patient on patient_activity (patient_id);

create table patient_summary (
  patient_id text not null references patient_identity on delete cascade,
  part text not null,
  value jsonb not null,
  as_of timestamptz not null,
  primary key (patient_id, part)
);

create table sync_state (
  source text primary key,
  cursor text,
  cursor_moved_at timestamptz,
  last_success_at timestamptz,
  last_attempt_at timestamptz,
  last_error text,
  full_read_at timestamptz
);
comment on table sync_state is 'How far each FHIR resource type has been read. Delete a row to have it read anew from the start.';
comment on column sync_state.cursor is 'Meta.lastUpdated of the newest resource taken in, by the EHR''s own clock.';
comment on column sync_state.cursor_moved_at is 'Since when nothing newer was met, by our clock: the overlap is then read no more.';
comment on column sync_state.full_read_at is 'When everything was last read and what the EHR no longer has was removed.';

-- Which resources a full read has met so far; lost in a crash, which only means that it begins again.
create unlogged table sync_seen (
  source text not null,
  id text not null,
  primary key (source, id)
);
