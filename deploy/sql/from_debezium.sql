-- Makes the table of Debezium's outbox event router ready for outbox-relay with `preset: debezium`, and draws the line
-- between the two: the rows that are there already are Debezium's and count as sent, all later ones are the relay's.
-- deploy/migration.md says when to run it. For another table replace public.outboxevent.
--
-- One transaction that locks the table and writes its rows anew: delete first what nobody needs. It gives up when it
-- cannot have the lock within 5 s, having changed nothing.
BEGIN;
SET LOCAL lock_timeout = '5s';

ALTER TABLE public.outboxevent
  ADD COLUMN seq        bigint GENERATED ALWAYS AS IDENTITY,  -- order of publication: a uuid has none
  ADD COLUMN sent_at    timestamptz DEFAULT now(),            -- for the rows that are there; see below
  ADD COLUMN parked_at  timestamptz,
  ADD COLUMN attempts   integer NOT NULL DEFAULT 0,
  ADD COLUMN last_error text,
  -- Room on each page for the marked version of its rows, and vacuum by what has happened lately: see outbox.sql.
  SET (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.01, autovacuum_vacuum_threshold = 1000,
       autovacuum_vacuum_cost_delay = 0);
ALTER TABLE public.outboxevent ALTER COLUMN sent_at DROP DEFAULT;

CREATE UNIQUE INDEX ON public.outboxevent (seq);
CREATE INDEX ON public.outboxevent (seq) WHERE parked_at IS NOT NULL;

GRANT USAGE ON SCHEMA public TO outbox_relay;
GRANT SELECT ON TABLE public.outboxevent TO outbox_relay;
GRANT SELECT ON SEQUENCE public.outboxevent_seq_seq TO outbox_relay;
GRANT UPDATE (sent_at, parked_at, attempts, last_error) ON TABLE public.outboxevent TO outbox_relay;
-- For completion: delete, or keep_sent.
GRANT DELETE ON TABLE public.outboxevent TO outbox_relay;
COMMIT;
