-- The role the relay works as, with what it needs on public.outbox and nothing else. Run it after outbox.sql (and
-- control.sql, if that is used). It may be run again. Give the role a password in your own way (\password outbox_relay).
-- For another table: outbox-relay sql role -c FILE --outbox NAME prints it with your names and the grants that these need.
DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'outbox_relay') THEN
    CREATE ROLE outbox_relay LOGIN;
  END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO outbox_relay;
GRANT SELECT ON TABLE public.outbox TO outbox_relay;
DO $$
DECLARE
  id_sequence text := pg_get_serial_sequence('public.outbox', 'id');
BEGIN
  IF id_sequence IS NOT NULL THEN
    EXECUTE format('GRANT SELECT ON SEQUENCE %s TO %I', id_sequence, 'outbox_relay');
  END IF;
END
$$;

-- completion: mark
GRANT UPDATE (sent_at) ON TABLE public.outbox TO outbox_relay;

-- refused: park
GRANT UPDATE (parked_at, attempts, last_error) ON TABLE public.outbox TO outbox_relay;

-- completion: delete, or keep_sent (which the preset outbox_relay sets to 7 days)
GRANT DELETE ON TABLE public.outbox TO outbox_relay;

-- The relay's own memory, if control.sql made it.
DO $$
BEGIN
  IF to_regclass('outbox_relay.watermark') IS NOT NULL THEN
    GRANT USAGE ON SCHEMA outbox_relay TO outbox_relay;
    GRANT SELECT, INSERT, UPDATE ON outbox_relay.watermark, outbox_relay.lease TO outbox_relay;
    GRANT EXECUTE ON FUNCTION outbox_relay.renew_lease(text, text, uuid, bigint, bigint, text) TO outbox_relay;
  END IF;
  IF to_regclass('outbox_relay.replay') IS NOT NULL THEN
    GRANT SELECT, INSERT, UPDATE ON outbox_relay.replay TO outbox_relay;
  END IF;
END
$$;

-- Optional: lets the metric oldest_snapshot_age_seconds see the transactions of other roles.
-- GRANT pg_read_all_stats TO outbox_relay;
