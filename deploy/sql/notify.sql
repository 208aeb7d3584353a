-- Wakes the relay when rows are committed, instead of at its next poll: for an outbox with `notify_channel`. Optional, and a
-- hint only: polling goes on, and finds what no notification told of.
--
-- Run it after outbox.sql, as the owner of the table. It may be run again. What it costs: PostgreSQL commits transactions
-- that notify one after the other, so leave it out where many writers commit at the same time.
CREATE OR REPLACE FUNCTION public.outbox_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('outbox', '');
  RETURN NULL;
END
$$;

DROP TRIGGER IF EXISTS outbox_notify ON public.outbox;
CREATE TRIGGER outbox_notify AFTER INSERT ON public.outbox
  FOR EACH STATEMENT EXECUTE FUNCTION public.outbox_notify();
