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
  primary key (number, patient_id, relation, source)
);
comment on table patient_phone is 'The phone index: which patients a caller''s number may mean. Filled from the EHR; not edited by hand.';
comment on column patient_phone.source is 'FHIR element it came from: Patient.telecom, Patient.contact, RelatedPerson.telecom.';

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
  last_success_at timestamptz,
  last_attempt_at timestamptz,
  last_error text,
  patients int not null default 0,
  numbers int not null default 0,
  unusable int not null default 0
);
