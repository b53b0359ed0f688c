-- Up Migration
-- A call is written into its patient's chart once.

create unique index outbox_ehr_call on outbox ((payload ->> 'callId')) where topic = 'ehr.call';
comment on column outbox.set_aside_at is 'Cannot be delivered as it is; what comes after it goes on. npm run ehr -- report shows it, -- retry tries it again.';
