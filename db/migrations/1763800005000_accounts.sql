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
comment on table audit_event is 'Append-only chain, written by audit_append() alone: hash = SHA-256 of previous_hash, sequence, at and the SHA-256 of the rest. npm run audit -- verify proves it unbroken.';
create trigger audit_event_append_only before update or delete on audit_event for each row execute function refuse_change();
create trigger audit_event_never_emptied before truncate on audit_event for each statement execute function refuse_change();

create table audit_head (
  only_row boolean primary key default true check (only_row),
  sequence bigint not null,
  hash text not null
);
comment on table audit_head is 'The chain''s last link: its row lock puts concurrent writers in line, and a chain cut off at its end no longer matches it.';
insert into audit_head (sequence, hash) values (0, repeat('0', 64));
create trigger audit_head_stays before delete on audit_head for each row execute function refuse_change();

-- body_hash comes from the caller, who has the event's canonical JSON (db/audit.ts); everything hashed here is ASCII.
create function audit_append(p_actor text, p_action text, p_subject text, p_detail jsonb, p_body_hash text)
returns table (sequence bigint, hash text) language plpgsql as $$
declare
  head audit_head;
  v_at timestamptz;
  v_hash text;
begin
  select * into strict head from audit_head for update;
  v_at := clock_timestamp();
  v_hash := encode(sha256(convert_to(concat_ws(':', head.hash, head.sequence + 1,
    to_char(v_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), p_body_hash), 'UTF8')), 'hex');
  insert into audit_event (sequence, at, actor, action, subject, detail, previous_hash, hash)
  values (head.sequence + 1, v_at, p_actor, p_action, p_subject, p_detail, head.hash, v_hash);
  update audit_head set sequence = head.sequence + 1, hash = v_hash;
  return query select head.sequence + 1, v_hash;
end $$;
