-- Up Migration
-- By which a restarted app ends what an earlier run left.

alter table call_leg add column dialog_id text;
comment on column call_leg.dialog_id is 'The signaling server''s name of the dialog; null: not to be ended by a restart.';
