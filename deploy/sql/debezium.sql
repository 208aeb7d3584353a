-- The outbox table of Debezium's event router, with what `preset: debezium` adds to it: `seq`, which is the order of
-- publication, and `sent_at`. It makes the table, or adds to the one that there is; then it takes a lock and rewrites the table,
-- and every row that is in it counts as not sent: mark those that were published before the relay is started
-- (outbox-relay baseline). It may be run again.
--
-- Rows must stay until they are relayed: writers that insert a row and delete it at once leave nothing to see.
CREATE TABLE IF NOT EXISTS outboxevent (
  id            uuid PRIMARY KEY,                -- the message id
  aggregatetype varchar(255) NOT NULL,           -- part of the topic's name
  aggregateid   varchar(255) NOT NULL,           -- the key
  type          varchar(255) NOT NULL,
  payload       jsonb
);

ALTER TABLE outboxevent ADD COLUMN IF NOT EXISTS seq bigint GENERATED ALWAYS AS IDENTITY;  -- leave CACHE at 1
ALTER TABLE outboxevent ADD COLUMN IF NOT EXISTS sent_at timestamptz;
CREATE UNIQUE INDEX IF NOT EXISTS outboxevent_seq ON outboxevent (seq);

-- As in outbox.sql: room for the marked version of each row, and vacuum by what has happened lately.
ALTER TABLE outboxevent SET (
  fillfactor = 45,
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_insert_scale_factor = 0.05,
  autovacuum_analyze_scale_factor = 0.05,
  autovacuum_vacuum_cost_delay = 0
);
