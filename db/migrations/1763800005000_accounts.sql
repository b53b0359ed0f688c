-- Up Migration
-- Who may look, and who looked.

create table user_account (
  id int generated always as identity primary key,
  login text not null unique check (login = lower(login) and login <> ''),
  name text not null,
  role text not null check (role in ('front-desk', 'nurse', 'provider', 'supervisor', 'admin', 'privacy-officer')),
  password_hash text not null,
  staff_id int references staff on delete set null,
  enabled boolean not null default true,
  failed_logins int not null default 0,
  locked_until timestamptz,
  created_at timestamptz not null default now()
);
comment on column user_account.password_hash is 'argon2id (PHC string). Set it with npm run account -- password <login>.';
comment on column user_account.enabled is 'False: cannot log in, and running sessions end within seconds.';

create table user_session (
  id uuid primary key,
  account_id int not null references user_account on delete cascade,
  created_at timestamptz not null default now(),
  last_active_at timestamptz not null default now(),
  ended_at timestamptz
);
comment on table user_session is 'A login in one browser. Setting ended_at logs it out on every node within seconds.';
create index user_session_account on user_session (account_id);

create table audit_event (
  sequence bigint primary key,
  at timestamptz not null,
  actor text not null,
  action text not null,
  subject text not null,
  detail jsonb not null default '{}',
  previous_hash text not null,
  hash text not null unique check (hash ~ '^[0-9a-f]{64}$')
);
comment on table audit_event is 'Append-only chain: hash = SHA-256 over the row and previous_hash. npm run audit -- verify proves it unbroken.';
create trigger audit_event_append_only before update or delete on audit_event for each row execute function refuse_change();
