-- Up Migration
-- Recordings: consent, the sealed audio, its sealed key, who listened.

create table consent_rule (
  place text primary key check (place ~ '^[A-Z]{2}(-[A-Z]{2})?$'),
  name text not null,
  consent text not null check (consent in ('one-party', 'all-party', 'mixed')),
  note text not null,
  evidence text not null
);
comment on table consent_rule is 'Recording law by place (US-CA, DE). A starting table, not legal advice. mixed and unknown count as all-party.';

create table consent (
  call_id uuid not null references call on delete cascade,
  party text not null,
  at timestamptz not null,
  outcome text not null check (outcome in ('announced', 'agreed', 'refused', 'not-needed')),
  place text,
  prompt_version text,
  because text not null,
  primary key (call_id, party, at)
);

create table recording (
  id uuid primary key,
  call_id uuid not null references call,
  started_at timestamptz not null,
  ended_at timestamptz,
  state text not null check (state in ('recording', 'sealed', 'broken', 'destroyed')),
  path text not null unique,
  sample_rate int not null,
  channels smallint not null,
  size_bytes bigint,
  duration_ms int,
  sha256 text,
  gaps jsonb not null default '[]'
);
create index recording_call on recording (call_id);

create table recording_key (
  recording_id uuid primary key references recording on delete cascade,
  sealed bytea not null,
  public_key_id text not null,
  created_at timestamptz not null default now()
);
comment on table recording_key is 'The recording''s own wrapping key, sealed to the public key. Destroying this row destroys the recording.';

create table recording_access (
  id bigint generated always as identity primary key,
  recording_id uuid not null references recording,
  at timestamptz not null default now(),
  actor text not null,
  action text not null check (action in ('listen', 'export', 'denied')),
  reason text not null
);
