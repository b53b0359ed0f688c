-- Up Migration
-- What callers hear and press.

create table prompt (
  key text not null check (key ~ '^[a-z0-9-]+$'),
  language text not null default 'en',
  text text not null check (text <> ''),
  updated_at timestamptz not null default now(),
  primary key (key, language)
);
comment on table prompt is 'Spoken text. Rendered by the local voice and cached by content; an edit is heard on the next call.';

create table ivr_menu (
  name text primary key check (name ~ '^[a-z0-9-]+$'),
  prompt text not null,
  timeout_ms int not null default 5000 check (timeout_ms between 1000 and 30000),
  tries smallint not null default 2 check (tries between 1 and 5)
);
comment on column ivr_menu.tries is 'How often the menu is played before the caller goes on without an intent: a menu always ends.';

create table ivr_option (
  menu text not null references ivr_menu on update cascade on delete cascade,
  digit char(1) not null check (digit ~ '^[0-9*#]$'),
  intent text not null check (intent in ('appointment', 'refill', 'clinical', 'results', 'billing', 'operator', 'urgent')),
  verify boolean not null default false,
  primary key (menu, digit)
);
comment on column ivr_option.verify is 'Asks for the date of birth before the call is routed, where the number is a patient''s; the caller may pass it over.';
create trigger prompt_changed after insert or update or delete or truncate on prompt for each statement execute function notify_phones_changed();
create trigger ivr_menu_changed after insert or update or delete or truncate on ivr_menu for each statement execute function notify_phones_changed();
create trigger ivr_option_changed after insert or update or delete or truncate on ivr_option for each statement execute function notify_phones_changed();

alter table line add column menu text references ivr_menu on update cascade;
comment on column line.menu is 'Menu that callers of this line hear after the greeting; empty: none, the call is routed at once.';
