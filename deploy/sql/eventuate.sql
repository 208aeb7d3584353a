-- Makes Eventuate Tram's table eventuate.message ready for outbox-relay with `preset: eventuate`: the order of
-- publication, and key and value of the records that the Eventuate CDC service makes of a row. deploy/migration.md says
-- when to run it. Ids must be the application's, as they are unless `eventuate.outbox.id` is set: what the CDC service
-- adds to rows with ids from the database is not known here.
--
-- One transaction that locks the table and writes its rows anew: delete first what nobody needs. It gives up when it
-- cannot have the lock within 5 s, having changed nothing. A row takes about twice its space from then on.
BEGIN;
SET LOCAL lock_timeout = '5s';

-- A text as a JSON string. to_json counts as STABLE because of types whose text depends on settings; that of a text
-- does not.
CREATE FUNCTION eventuate.json_string(text) RETURNS text LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
  AS 'SELECT to_json($1)::text';

ALTER TABLE eventuate.message
  ADD COLUMN seq          bigint GENERATED ALWAYS AS IDENTITY,  -- order of publication: the ids have none
  ADD COLUMN record_key   text GENERATED ALWAYS AS (
    coalesce(headers::json ->> 'PARTITION_ID', headers::json ->> 'ID')) STORED,
  ADD COLUMN record_value text GENERATED ALWAYS AS (
    '{"payload":' || eventuate.json_string(payload::text) || ',"headers":' || headers::text || '}') STORED,
  ADD COLUMN parked_at    timestamptz,
  ADD COLUMN attempts     integer NOT NULL DEFAULT 0,
  ADD COLUMN last_error   text,
  ALTER COLUMN published SET NOT NULL,
  -- Room on each page for the marked version of its rows, and vacuum by what has happened lately: see outbox.sql.
  SET (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
       autovacuum_vacuum_cost_delay = 0);

-- The polling CDC service's. It would make every mark rewrite the indexes.
DROP INDEX IF EXISTS eventuate.message_published_idx;
CREATE UNIQUE INDEX ON eventuate.message (seq);
CREATE INDEX ON eventuate.message (seq) WHERE parked_at IS NOT NULL;

GRANT USAGE ON SCHEMA eventuate TO outbox_relay;
GRANT SELECT ON TABLE eventuate.message TO outbox_relay;
GRANT SELECT ON SEQUENCE eventuate.message_seq_seq TO outbox_relay;
GRANT UPDATE (published, parked_at, attempts, last_error) ON TABLE eventuate.message TO outbox_relay;
-- For completion: delete.
GRANT DELETE ON TABLE eventuate.message TO outbox_relay;
COMMIT;
