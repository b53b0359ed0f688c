-- Up Migration
-- Calling out: what each extension may dial, as whom and from which room; trunks by the platform at their other end.

create table location (
  name text primary key constraint location_name_of_a_to_z_0_to_9_and_dashes check (name ~ '^[a-z0-9-]+$'),
  country text not null default 'US' constraint country_of_two_capitals_like_US check (country ~ '^[A-Z]{2}$'),
  state text not null,
  city text not null,
  house_number text not null,
  street text not null,
  postal_code text not null,
  place_name text,
  floor text,
  room text
);
comment on table location is 'Dispatchable location (RAY BAUM''s Act, 47 CFR 9.3): where an emergency crew finds the phone. Street address, and floor and room where needed.';
comment on column location.house_number is 'Street number: 1200.';
comment on column location.street is 'With its suffix: Main Street.';

alter table extension
  add column line text references line on update cascade on delete set null,
  add column calling_class text not null default 'national'
    constraint calling_class_is_internal_national_or_international
    check (calling_class in ('internal', 'national', 'international')),
  add column daily_minutes int default 480 constraint daily_minutes_0_or_more check (daily_minutes >= 0),
  add column callback_number text
    constraint "callback_number_in_full_like_+12025550100" check (callback_number ~ '^\+[1-9][0-9]{6,14}$'),
  add column location text references location on update cascade on delete set null,
  add column do_not_disturb boolean not null default false,
  add column forward_always text constraint forward_always_is_digits check (forward_always ~ '^\+?[0-9]{2,15}$'),
  add column forward_busy text constraint forward_busy_is_digits check (forward_busy ~ '^\+?[0-9]{2,15}$'),
  add column forward_no_answer text
    constraint forward_no_answer_is_digits check (forward_no_answer ~ '^\+?[0-9]{2,15}$');
comment on column extension.line is 'Whose number its outside calls show; empty: the clinic''s first line.';
comment on column extension.calling_class is 'What it may dial outside. Emergency numbers always; premium rate never.';
comment on column extension.daily_minutes is 'Outside calls a day, UTC; empty: no cap.';
comment on column extension.callback_number is 'What an emergency operator calls back; empty: the number of its line.';

create table trunk_profile (
  name text primary key constraint profile_name_of_a_to_z_0_to_9_and_dashes check (name ~ '^[a-z0-9-]+$'),
  title text not null,
  caller_headers text[] not null
    constraint "profile_headers_P-Asserted-Identity_Remote-Party-ID_or_From"
    check (caller_headers <@ '{P-Asserted-Identity,Remote-Party-ID,From}' and cardinality(caller_headers) > 0),
  number_format text not null
    constraint number_format_is_e164_digits_or_national check (number_format in ('e164', 'digits', 'national')),
  notes text not null default ''
);
comment on table trunk_profile is 'How a platform writes numbers and callers: what a trunk of it starts from. Each has a call test made of its headers.';
comment on column trunk_profile.number_format is 'e164: +12025550100; digits: 12025550100; national: 2025550100.';

insert into trunk_profile (name, title, caller_headers, number_format, notes) values
  ('generic', 'Any carrier or PBX', '{P-Asserted-Identity,Remote-Party-ID,From}', 'e164', ''),
  ('avaya-aura', 'Avaya Aura', '{P-Asserted-Identity,From}', 'e164',
   'No adaptation on our SIP entity, or Diversion Type. History-Info is read for the number first dialled.'),
  ('cisco-cucm', 'Cisco Unified CM', '{Remote-Party-ID,P-Asserted-Identity,From}', 'e164',
   'The globalised x-cisco-callback-number counts before the number shown. Early offer is not needed.'),
  ('mitel-mivoice', 'Mitel MiVoice Business', '{P-Asserted-Identity,From}', 'e164',
   'CPN substitution off on our peer: it would hide who calls.'),
  ('zoom-phone', 'Zoom Phone BYOC-P', '{P-Asserted-Identity,From}', 'e164', 'TLS 5061 and SRTP.'),
  ('ringcentral', 'RingCentral', '{From,P-Asserted-Identity}', 'e164', 'Register as a device, or forward to our number.'),
  ('vonage', 'Vonage API SIP trunking', '{From}', 'digits', 'Writes numbers in full without +.'),
  ('twilio', 'Twilio Elastic SIP Trunking', '{From}', 'e164', 'X-Twilio-VerStat carries the attestation.'),
  ('teams', 'Microsoft Teams Direct Routing', '{P-Asserted-Identity,From}', 'e164',
   'P-Asserted-Identity needs ForwardPai. OPTIONS must be answered both ways; TLS.');

alter table trunk
  add column profile text not null default 'generic' references trunk_profile on update cascade,
  alter column caller_headers drop not null,
  alter column caller_headers drop default,
  add column number_format text
    constraint trunk_number_format_is_e164_digits_or_national check (number_format in ('e164', 'digits', 'national')),
  add column site_prefix text constraint site_prefix_of_digits check (site_prefix ~ '^[0-9]{1,4}$'),
  add column register boolean not null default false,
  add column auth_user text,
  add column auth_secret text,
  add constraint register_needs_auth_user_and_outbound_uri
    check (not register or (auth_user is not null and outbound_uri is not null)),
  add constraint auth_user_and_auth_secret_or_neither check ((auth_user is null) = (auth_secret is null)),
  add constraint "outbound_uri_of_a_host_like_sip:sbc.example:5060"
    check (outbound_uri ~ '^sips?:[^@\s<>?]+$');
comment on column trunk.caller_headers is 'Where it writes the caller, the best first; empty: as its profile says.';
comment on column trunk.number_format is 'How it wants numbers; empty: as its profile says.';
comment on column trunk.site_prefix is 'Digits before an outside number that its callers'' numbers carry, 9 for example; taken off.';
comment on column trunk.outbound_uri is 'Where our calls go: host, port and transport. Empty: it only brings calls.';
comment on column trunk.register is 'The carrier wants a REGISTER, as of a phone, to know where its calls to us go.';
comment on column trunk.auth_secret is 'Digest secret the carrier gave us. In clear, since the carrier names the realm: keep the table to the app''s role.';
comment on column trunk.emergency is 'Emergency calls go here first.';

create trigger location_changed after insert or update or delete or truncate on location for each statement execute function notify_phones_changed();
create trigger trunk_profile_changed after insert or update or delete or truncate on trunk_profile for each statement execute function notify_phones_changed();

alter table call add column dialled text;
comment on column call.dialled is 'Number that one of our phones called outside.';
create index call_outbound on call (caller_number, started_at) where direction = 'outbound';
