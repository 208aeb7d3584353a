-- What the relay keeps beside the outbox: for each outbox table, where the next start may begin to look.
--
-- Optional. Without this schema every start looks through the whole table once (about 2 s for 5 M retained rows); nothing
-- else changes. Dropping it, or emptying the table, is always safe: what stands here is a hint, never a position.
--
-- Run once per database, as the owner of the database:  psql -v ON_ERROR_STOP=1 -f control.sql
-- The relay's role needs USAGE on the schema and SELECT, INSERT, UPDATE on its table; role.sql grants them.
-- Another name for the schema: replace `outbox_relay` in this file and set `postgres.control_schema` to the same name.

CREATE SCHEMA IF NOT EXISTS outbox_relay;

CREATE TABLE IF NOT EXISTS outbox_relay.watermark (
  table_schema      text        NOT NULL,
  table_name        text        NOT NULL,
  -- A watermark of another table, another cluster or another history (a restored backup) is not used.
  table_oid         oid         NOT NULL,
  system_identifier bigint      NOT NULL,
  timeline          integer     NOT NULL,
  -- No pending row of the table has an id at or below this one, as far as the relay knows. NULL: not known.
  watermark         bigint,
  saved_at          timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (table_schema, table_name)
) WITH (fillfactor = 50);  -- one row a table, written about once a second: room for its next version in the same page

COMMENT ON TABLE outbox_relay.watermark IS 'outbox-relay: where a start begins to look for pending rows; a hint';
