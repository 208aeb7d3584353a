-- What the relay keeps beside the outbox: for each outbox table, where the next start may begin to look, and, with
-- `coordination: lease`, which relay works on it; and what is to be published once more.
--
-- Optional. Without this schema every start looks through the whole table once (about 2 s for 5 M retained rows), and
-- `coordination: lease` and `outbox-relay replay` are not possible; nothing else changes. Dropping it, or emptying its
-- tables, loses no rows.
--
-- Run as the owner of the database, once, and again after an update of the relay:
--   psql -v ON_ERROR_STOP=1 -f control.sql
-- The relay's role needs USAGE on the schema, SELECT, INSERT, UPDATE on its tables, and EXECUTE on its function; role.sql
-- grants them.
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

-- The lowest id that `outbox-relay parked` has put back since the relay last began to look below it: a start must not
-- begin above it, whatever the watermark says.
ALTER TABLE outbox_relay.watermark ADD COLUMN IF NOT EXISTS requeued_from bigint;

-- The file of the sequence that draws the ids, which is another one after TRUNCATE … RESTART IDENTITY or ALTER SEQUENCE
-- … RESTART: a watermark over ids that are drawn a second time is not used either.
ALTER TABLE outbox_relay.watermark ADD COLUMN IF NOT EXISTS sequence_file oid;

COMMENT ON TABLE outbox_relay.watermark IS 'outbox-relay: where a start begins to look for pending rows; a hint';

CREATE TABLE IF NOT EXISTS outbox_relay.lease (
  table_schema text        NOT NULL,
  table_name   text        NOT NULL,
  holder       uuid        NOT NULL,  -- a relay, by a name of its own
  epoch        bigint      NOT NULL,  -- counts the acquisitions
  expires_at   timestamptz NOT NULL,  -- by the clock of this server
  PRIMARY KEY (table_schema, table_name)
) WITH (fillfactor = 50);  -- written by every transaction that completes rows

COMMENT ON TABLE outbox_relay.lease IS 'outbox-relay: which relay works on an outbox (coordination: lease)';

-- Begins every transaction of the relay that leads. It fails when the lease has passed to another relay, and when a
-- pooler has led the transaction to another server than the one that gave the lease.
CREATE OR REPLACE FUNCTION outbox_relay.renew_lease(of_schema text, of_table text, by_holder uuid, in_epoch bigint,
                                                    milliseconds bigint, server_started text)
RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF extract(epoch FROM pg_postmaster_start_time())::text <> server_started THEN
    RAISE EXCEPTION 'this is another server' USING ERRCODE = 'OR002';
  END IF;
  UPDATE outbox_relay.lease l SET expires_at = clock_timestamp() + milliseconds * interval '1 ms'
   WHERE l.table_schema = of_schema AND l.table_name = of_table AND l.holder = by_holder AND l.epoch = in_epoch;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'the lease has passed to another relay' USING ERRCODE = 'OR001';
  END IF;
END
$$;

-- Requests of `outbox-relay replay` to publish sent rows once more. The relay that leads an outbox carries them out, one
-- after the other. Rows that have ended are history, and may be deleted.
CREATE TABLE IF NOT EXISTS outbox_relay.replay (
  id              bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  table_schema    text        NOT NULL,
  table_name      text        NOT NULL,
  table_oid       oid         NOT NULL,
  above_id        text,                  -- the rows above this id (NULL: from the first one),
  last_id         text        NOT NULL,  -- up to this one;
  created_from    timestamptz,           -- of these, if given, only those created since then
  created_before  timestamptz,           -- and before then
  rows_per_second integer     NOT NULL,
  wanted_rows     bigint      NOT NULL,  -- as many there were when it was requested
  requested_at    timestamptz NOT NULL DEFAULT now(),
  requested_by    text        NOT NULL DEFAULT current_user,
  is_cancelled    boolean     NOT NULL DEFAULT false,  -- somebody wants it to end
  state           text        NOT NULL DEFAULT 'requested'
                  CHECK (state IN ('requested', 'running', 'done', 'cancelled', 'failed')),
  replayed_up_to  text,                  -- what lies above this id is still to be published
  replayed_rows   bigint      NOT NULL DEFAULT 0,
  refused_rows    bigint      NOT NULL DEFAULT 0,  -- Kafka took them then, and would not take them again
  last_error      text,                  -- why it failed, or why the last row was refused
  holder          uuid,                  -- who works on it, by a name of its own
  held_until      timestamptz,           -- by the clock of this server
  ended_at        timestamptz
) WITH (fillfactor = 50);  -- written several times a second while rows go out

COMMENT ON TABLE outbox_relay.replay IS 'outbox-relay: requests to publish sent rows once more';
