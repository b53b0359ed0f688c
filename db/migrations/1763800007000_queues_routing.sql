-- Up Migration
-- Callers who wait for a team, and who of the team is taken. Shared by all nodes; leases end what a dead node held.

alter table team add column wrap_up_seconds int not null default 0 check (wrap_up_seconds between 0 and 3600);
comment on column team.wrap_up_seconds is 'After a call from the queue: how long before the next one is offered.';

create table queue_entry (
  call_id uuid primary key,
  team text not null references team on update cascade on delete cascade,
  urgent boolean not null default false,
  entered_at timestamptz not null default clock_timestamp(),
  owner_node text not null,
  lease_until timestamptz not null,
  offered_at timestamptz,
  answered_at timestamptz,
  left_at timestamptz,
  outcome text check (outcome in ('answered', 'abandoned', 'overflow')),
  constraint left_with_an_outcome check ((left_at is null) = (outcome is null))
);
create index queue_entry_waiting on queue_entry (team, urgent desc, entered_at) where left_at is null;
create index queue_entry_answered on queue_entry (team, answered_at desc) where outcome = 'answered';
comment on column queue_entry.entered_at is 'Decides the place; kept when the call moves on to another team''s queue.';
comment on column queue_entry.lease_until is 'Renewed by the node that holds the call; once it has passed the entry no longer counts.';
comment on column queue_entry.offered_at is 'Phones of the team ring for it since then; empty: it waits.';

create table queue_agent (
  extension text primary key references extension on update cascade on delete cascade,
  call_id uuid,
  owner_node text,
  lease_until timestamptz,
  last_offered_at timestamptz,
  last_ended_at timestamptz,
  constraint taken_by_a_call_with_a_lease check ((call_id is null) = (owner_node is null) and (call_id is null or lease_until is not null))
);
create index queue_agent_call on queue_agent (call_id) where call_id is not null;
comment on table queue_agent is 'Which call a phone rings for or talks with, out of a queue. Free once lease_until is empty or past: wrap-up and a rest after a missed call are leases without a call.';
