-- Up Migration
-- Recordings: consent, the sealed audio, its sealed key, who listened, how long it is kept.

create table consent_rule (
  place text primary key check (place ~ '^[A-Z]{2}(-[A-Z]{2})?$'),
  name text not null,
  consent text not null check (consent in ('one-party', 'all-party', 'mixed')),
  treat_as text not null check (treat_as in ('one-party', 'all-party')),
  statute text not null default '',
  note text not null,
  evidence text not null,
  constraint mixed_is_treated_as_all_party check (consent = 'one-party' or treat_as = 'all-party')
);
comment on table consent_rule is 'Recording law by place (US-CA, DE). A starting table, not legal advice: have counsel review it. treat_as is what calls follow; unknown places count as all-party.';
comment on column consent_rule.evidence is 'P: a page about that place was read; S: named in a secondary page; T2: two compiled tables agree; D: sources disagree; G: general knowledge, unverified.';

create table recording_policy (
  line text primary key,
  mode text not null default 'announce' check (mode in ('off', 'law', 'announce', 'ask')),
  percentage smallint not null default 100 check (percentage between 0 and 100),
  reason text not null default '',
  constraint relaxing_needs_a_reason check (mode <> 'law' or reason <> '')
);
comment on table recording_policy is 'What a line (or * for every other) does: off, announce on every call, ask for a key, or law: announce only where the law of a place on the call asks for it, which needs a reason.';
insert into recording_policy (line, mode) values ('*', 'announce');

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
  node text not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  state text not null check (state in ('recording', 'sealed', 'broken', 'destroyed')),
  because text,
  path text not null unique,
  law text not null check (law in ('PCMU', 'PCMA')),
  sample_rate int not null default 8000,
  channels smallint not null default 2,
  size_bytes bigint,
  duration_ms int,
  sha256 text check (sha256 ~ '^[0-9a-f]{64}$'),
  gaps jsonb not null default '[]',
  legal_hold text,
  destroyed_at timestamptz
);
create index recording_call on recording (call_id);
create index recording_running on recording (node) where state = 'recording';
create index recording_started_at on recording (started_at desc);
comment on column recording.state is 'broken: it ended before the call did, or was cut off; what was taken until then opens.';
comment on column recording.path is 'Relative to the recordings folder.';
comment on column recording.legal_hold is 'Why it must be kept, whatever the retention rule says. Empty: no hold.';

create table recording_key (
  recording_id uuid primary key references recording on delete cascade,
  sealed bytea not null,
  public_key_id text not null,
  created_at timestamptz not null default now()
);
create index recording_key_public_key on recording_key (public_key_id);
comment on table recording_key is 'The recording''s own wrapping key, sealed to the public key. Destroying this row destroys the recording.';

create table recording_access (
  id bigint generated always as identity primary key,
  recording_id uuid not null references recording,
  at timestamptz not null default now(),
  actor text not null,
  action text not null check (action in ('listen', 'export', 'denied', 'destroy')),
  reason text not null
);
create index recording_access_recording on recording_access (recording_id, at);
create trigger recording_access_append_only before update or delete on recording_access for each row execute function refuse_change();

create table retention_rule (
  line text primary key,
  keep interval check (keep > interval '0')
);
comment on table retention_rule is 'How long recordings of a line (or * for every other) are kept; empty: forever. A legal hold wins.';
insert into retention_rule (line, keep) values ('*', interval '1 year');

create table destruction_certificate (
  recording_id uuid primary key references recording,
  at timestamptz not null default now(),
  actor text not null,
  reason text not null,
  size_bytes bigint,
  sha256 text,
  public_key_id text,
  method text not null
);
comment on table destruction_certificate is 'Proof that a recording''s key and bytes were destroyed; sha256 is of the sealed file that is gone.';
create trigger destruction_certificate_append_only before update or delete on destruction_certificate for each row execute function refuse_change();
