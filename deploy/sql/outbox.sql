-- The outbox table: a service inserts a row here in the transaction that changes its own tables, outbox-relay
-- publishes the row after the commit. The columns are Debezium's where it has one.
CREATE TABLE outbox (
  id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,  -- order of publication; leave CACHE at 1
  message_id    uuid        NOT NULL DEFAULT gen_random_uuid(),   -- tells a consumer that a record came twice
  aggregatetype text        NOT NULL,                             -- part of the topic's name
  aggregateid   text,                                             -- the key: rows of one key stay in order
  type          text        NOT NULL,
  payload       bytea,                                            -- or jsonb, text; NULL is a tombstone
  headers       jsonb,                                            -- an object of strings
  created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
  sent_at       timestamptz,                                      -- from here on the relay writes
  parked_at     timestamptz,
  attempts      integer     NOT NULL DEFAULT 0,
  last_error    text
) WITH (
  -- Room on each page for the marked version of its rows, so that marking them touches no index (HOT).
  fillfactor = 45,
  -- Vacuum by what has happened lately, not by the share of a table that keeps days of sent rows, and unthrottled:
  -- an outbox turns over faster than the defaults expect.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.05,
  autovacuum_vacuum_cost_delay = 0,
  toast.autovacuum_vacuum_scale_factor = 0.01,
  toast.autovacuum_vacuum_threshold = 1000,
  toast.autovacuum_vacuum_cost_delay = 0
);

-- Finds the parked rows. There is deliberately no index that mentions sent_at: it would make every mark rewrite it.
CREATE INDEX ON outbox (id) WHERE parked_at IS NOT NULL;
