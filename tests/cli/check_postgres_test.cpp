// What is wrong in a real PostgreSQL, and that what check says to do mends it.
#include "cli/checked.h"
#include "cli/exit_code.h"
#include "support/pgbouncer.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

namespace {

struct Fault {
  std::string breaks;
  std::string check;
  std::string severity;
  std::string says;  ///< a part of it
  std::string options{};
};

}  // namespace

TEST_CASE("nothing is found in an outbox as `sql` makes it but that the test's topic has one replica",
          "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  const auto checked = outbox.check();
  REQUIRE(checked.found.size() == 1);
  CHECK(checked.found.front().check == "kafka.replicas");
  CHECK(checked.found.front().severity == "warning");
  CHECK(checked.done.code == exit_done);

  const auto text = run_program({"check", "--connect", "-c", outbox.config_file()});
  CHECK(text.output ==
        outbox.config_file() +
            ": ok\n"
            "outbox orders: rows of public.outbox go to checked and are marked\n"
            "warning: outbox orders [kafka.replicas] topic checked has one replica\n"
            "  why: records are gone with the disk of one broker\n"
            "  fix: kafka-reassign-partitions.sh, or create it anew with --replication-factor 3\n"
            "0 errors, 1 warning\n");
  CHECK(text.code == exit_done);
}

TEST_CASE("what check says to do mends what it found", "[cli][check]") {
  const auto fault = GENERATE(values<Fault>({
      {"REVOKE SELECT ON outbox FROM outbox_relay", "postgres.grants", "error", "may not be read"},
      {"REVOKE UPDATE (sent_at) ON outbox FROM outbox_relay", "postgres.grants", "error",
       "may not be marked as sent"},
      {"REVOKE UPDATE (attempts) ON outbox FROM outbox_relay", "postgres.grants", "error",
       "may not be parked"},
      {"REVOKE SELECT ON SEQUENCE outbox_id_seq FROM outbox_relay", "postgres.grants", "error",
       "sequence \"public\".\"outbox_id_seq\" of the id may not be read"},
      {"REVOKE USAGE ON SCHEMA public FROM outbox_relay, PUBLIC", "postgres.grants", "error",
       "no access to schema \"public\""},
      {"GRANT INSERT ON outbox TO outbox_relay", "postgres.grants", "warning",
       "INSERT on table \"public\".\"outbox\" is granted to outbox_relay and not needed"},
      {"REVOKE DELETE ON outbox FROM outbox_relay", "postgres.grants", "error",
       "rows of table \"public\".\"outbox\" may not be deleted"},
      {"REVOKE DELETE ON outbox FROM outbox_relay", "postgres.grants", "error", "may not be deleted",
       ", completion: delete"},
      {"GRANT DELETE ON outbox TO PUBLIC", "postgres.grants", "warning",
       "DELETE on table \"public\".\"outbox\" is granted to PUBLIC", ", keep_sent: 0s"},
      {"GRANT UPDATE ON outbox TO outbox_relay", "postgres.grants", "warning",
       "UPDATE on table \"public\".\"outbox\" is granted"},
      {"GRANT UPDATE (payload) ON outbox TO outbox_relay", "postgres.grants", "warning",
       "UPDATE (\"payload\") on table"},
      {"ALTER TABLE outbox SET (fillfactor = 90)", "postgres.fillfactor", "warning",
       "table public.outbox has a fillfactor above 50"},
      {"CREATE INDEX by_time ON outbox (created_at) WHERE sent_at IS NULL", "postgres.index", "warning",
       "index public.by_time mentions \"sent_at\""},
      {"CREATE INDEX covering ON outbox (created_at) INCLUDE (sent_at)", "postgres.index", "warning",
       "index public.covering mentions \"sent_at\""},
      {"ALTER TABLE outbox DROP CONSTRAINT outbox_pkey", "postgres.index", "error",
       "has no index that begins with \"id\""},
      {"ALTER TABLE outbox DROP CONSTRAINT outbox_pkey; CREATE INDEX ON outbox (id)", "postgres.index",
       "warning", "nothing keeps two rows"},
      {"DROP INDEX outbox_id_idx", "postgres.index", "error", "no index of its parked rows"},
      {"ALTER SEQUENCE outbox_id_seq CACHE 20", "postgres.sequence", "error", "has CACHE 20"},
      {"ALTER SEQUENCE outbox_id_seq CYCLE", "postgres.sequence", "error", "begins again at its end"},
      {"REVOKE INSERT ON outbox_relay.watermark FROM outbox_relay", "postgres.control_schema", "warning",
       "table \"outbox_relay\".\"watermark\" may not be read and written"},
      {"ALTER TABLE outbox ALTER sent_at TYPE boolean USING false", "postgres.columns", "error",
       "may be NULL, which is neither sent nor not", ", keep_sent: 0s"},
  }));
  CAPTURE(fault.breaks);
  make_topic();
  const CheckedOutbox outbox(fault.options);
  outbox.execute(fault.breaks);
  const auto broken = outbox.check();
  const Found found = broken.only(fault.check);
  CHECK(found.severity == fault.severity);
  CHECK(found.outbox == "orders");
  CHECK(contains(found.what, fault.says));
  CHECK(broken.done.code == (fault.severity == "error" ? exit_unavailable : exit_done));

  INFO(found.fix);
  outbox.execute(found.fix);
  CHECK(outbox.check().of(fault.check).empty());
}

TEST_CASE("all that is wrong with a table is said at once", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox(", headers: {tenant: \"{tenant}\"}, extra_columns: [tenant]");
  outbox.execute(
      "ALTER TABLE outbox DROP COLUMN headers, DROP COLUMN message_id, ALTER payload TYPE integer USING NULL;"
      "ALTER TABLE outbox ENABLE ROW LEVEL SECURITY; REVOKE UPDATE (sent_at) ON outbox FROM outbox_relay;");
  const auto checked = outbox.check();
  const auto columns = checked.of("postgres.columns");
  REQUIRE(columns.size() == 4);
  CHECK(contains(columns[0].what, "has no column \"message_id\" (message_id)"));
  CHECK(contains(columns[0].fix,
                 "ALTER TABLE \"public\".\"outbox\" ADD COLUMN \"message_id\" uuid NOT NULL DEFAULT "
                 "gen_random_uuid()"));
  CHECK(contains(columns[1].what,
                 "column \"payload\" of table \"public\".\"outbox\" (payload) is of type integer"));
  CHECK(contains(columns[2].fix, "ADD COLUMN \"headers\" jsonb"));
  CHECK(contains(columns[3].what, "has no column \"tenant\""));
  CHECK(checked.only("postgres.row_security").severity == "error");
  CHECK(contains(checked.only("postgres.grants").fix, "GRANT UPDATE (\"sent_at\")"));
}

TEST_CASE("a table that is not there, or is none, is said", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  outbox.execute("DROP TABLE outbox");
  const auto missing = outbox.check();
  CHECK(contains(missing.only("postgres.table").what, "table \"public\".\"outbox\" does not exist"));
  CHECK(missing.done.code == exit_unavailable);
  outbox.execute("CREATE VIEW outbox AS SELECT 1 AS id");
  CHECK(contains(outbox.check().only("postgres.table").what, "is not a table"));
}

TEST_CASE("a superuser, and the owner of the table, are more than the relay needs", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  const ConfigFile as_superuser(outbox.configuration(outbox.connection_string("postgres")));
  CHECK(contains(Checked{as_superuser.path()}.only("postgres.grants").what,
                 "role \"postgres\" is a superuser"));
  outbox.execute("GRANT CREATE ON SCHEMA public TO outbox_relay; ALTER TABLE outbox OWNER TO outbox_relay");
  const auto owned = outbox.check();
  CHECK(contains(owned.only("postgres.grants").what, "role \"outbox_relay\" owns table"));
  CHECK(contains(owned.only("postgres.grants").fix, "outbox-relay sql role -c " + outbox.config_file()));
  CHECK(owned.done.code == exit_done);
}

TEST_CASE("rows can be kept for a time only where it is known when they were sent", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox(", keep_sent: 7d");
  outbox.execute("ALTER TABLE outbox ALTER sent_at TYPE boolean USING false, ALTER sent_at SET NOT NULL");
  const auto checked = outbox.check();
  CHECK(contains(checked.only("postgres.columns").what, "tells when a row was sent"));
  CHECK(contains(checked.only("postgres.columns").fix, "or set `keep_sent: 0s`"));
  CHECK(checked.done.code == exit_unavailable);
}

TEST_CASE("ids that are no sequence's want an index of the pending rows", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  outbox.execute("ALTER TABLE outbox ALTER id DROP IDENTITY; ALTER TABLE outbox ALTER id TYPE text");
  const auto checked = outbox.check();
  CHECK(contains(checked.only("postgres.sequence").what, "are not drawn from one ascending sequence"));
  REQUIRE(checked.of("postgres.index").size() == 2);
  CHECK(contains(checked.of("postgres.index")[0].fix, "(\"id\" COLLATE \"C\")"));
  const std::string pending = checked.of("postgres.index")[1].fix;
  CHECK(contains(pending, "WHERE \"sent_at\" IS NULL AND \"parked_at\" IS NULL"));
  outbox.execute(checked.of("postgres.index")[0].fix + ';' + pending);
  CHECK(outbox.check().of("postgres.index").empty());
}

TEST_CASE("the partitions of a table have fillfactors of their own", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  outbox.execute(
      "CREATE TABLE parted (LIKE outbox INCLUDING ALL EXCLUDING INDEXES, PRIMARY KEY (id, created_at))"
      " PARTITION BY RANGE (created_at);"
      "CREATE INDEX ON parted (id) WHERE parked_at IS NOT NULL;"
      "CREATE TABLE parted_1 PARTITION OF parted DEFAULT WITH (fillfactor = 45);"
      "CREATE TABLE parted_2 PARTITION OF parted FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');"
      "GRANT SELECT, UPDATE (sent_at, parked_at, attempts, last_error) ON parted TO outbox_relay;"
      "GRANT SELECT ON SEQUENCE parted_id_seq TO outbox_relay;"
      "DROP TABLE outbox; ALTER TABLE parted RENAME TO outbox");
  const auto checked = outbox.check();
  CHECK(
      contains(checked.only("postgres.fillfactor").what, "table public.parted_2 has a fillfactor above 50"));
  CHECK(checked.of("postgres.index").empty());
  outbox.execute(checked.only("postgres.fillfactor").fix);
  CHECK(outbox.check().of("postgres.fillfactor").empty());
}

TEST_CASE("a control schema that is missing, or is from an earlier version, is said", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  outbox.execute("ALTER TABLE outbox_relay.watermark DROP COLUMN sequence_file");
  const auto old = outbox.check().only("postgres.control_schema");
  CHECK(contains(old.what, "is from an earlier version of the relay"));
  CHECK(contains(old.fix, "outbox-relay sql control -c " + outbox.config_file()));
  outbox.execute(run_program({"sql", "control", "-c", outbox.config_file()}).output);
  CHECK(outbox.check().of("postgres.control_schema").empty());

  outbox.execute("DROP TABLE outbox_relay.replay");
  const auto older = outbox.check().only("postgres.control_schema");
  CHECK(contains(older.what, "\"replay\" does not exist"));
  CHECK(older.severity == "warning");
  for (const char* kind : {"control", "role"})
    outbox.execute(run_program({"sql", kind, "-c", outbox.config_file()}).output);
  CHECK(outbox.check().of("postgres.control_schema").empty());

  outbox.execute("DROP SCHEMA outbox_relay CASCADE");
  const auto none = outbox.check();
  CHECK(none.only("postgres.control_schema").severity == "warning");
  CHECK(none.done.code == exit_done);
}

TEST_CASE("a lease needs its table and its function", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox(", coordination: lease");
  CHECK(outbox.check().of("postgres.control_schema").empty());
  outbox.execute("REVOKE EXECUTE ON ALL FUNCTIONS IN SCHEMA outbox_relay FROM outbox_relay, PUBLIC");
  const auto forbidden = outbox.check().only("postgres.control_schema");
  CHECK(contains(forbidden.what, "\"renew_lease\" may not be called"));
  outbox.execute(forbidden.fix);
  CHECK(outbox.check().of("postgres.control_schema").empty());
  outbox.execute("DROP TABLE outbox_relay.lease");
  CHECK(outbox.check().only("postgres.control_schema").severity == "error");
}

TEST_CASE("a channel to listen to wants somebody who notifies", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox(", notify_channel: orders");
  const auto found = outbox.check().only("postgres.notify");
  CHECK(found.severity == "warning");
  CHECK(found.what == "table \"public\".\"outbox\" has no trigger that notifies of rows");
  CHECK(found.fix == "outbox-relay sql notify -c " + outbox.config_file() + " --outbox orders | psql");
  outbox.execute(run_program({"sql", "notify", "-c", outbox.config_file()}).output);
  CHECK(outbox.check().of("postgres.notify").empty());
  outbox.execute("ALTER TABLE outbox DISABLE TRIGGER ALL");
  CHECK(outbox.check().of("postgres.notify").size() == 1);

  const CheckedOutbox leasing(", notify_channel: orders, coordination: lease");
  const auto unheard = leasing.check();
  CHECK(unheard.only("postgres.notify").what == "`notify_channel` is not used with `coordination: lease`");
  CHECK(unheard.done.code == exit_done);
}

TEST_CASE("a standby is told from a primary", "[cli][check]") {
  make_topic();
  static PostgresServer primary;
  const CheckedOutbox outbox("", "checked", primary);
  const PostgresServer standby{PostgresServer::StandbyOf{primary}};
  const auto connection = standby.connection_string("outbox_relay", outbox.database());
  for (const std::string attributes : {"", " target_session_attrs=any"}) {
    CAPTURE(attributes);
    const ConfigFile file(outbox.configuration(connection + attributes));
    const Checked checked{file.path()};
    CHECK(checked.only("postgres.primary").severity == "error");
    CHECK(checked.done.code == exit_unavailable);
  }
}

TEST_CASE("a pooler of transactions needs a lease", "[cli][check]") {
  make_topic();
  const PgBouncer pooler{shared_postgres(), {}, "outbox_relay"};
  const CheckedOutbox locking;
  const ConfigFile with_lock(locking.configuration(pooler.connection_string(locking.database())));
  const Checked checked{with_lock.path()};
  CHECK(checked.only("postgres.pooler").severity == "error");
  CHECK(contains(checked.only("postgres.pooler").fix, "coordination: lease"));
  CHECK(checked.done.code == exit_unavailable);

  const CheckedOutbox leasing(", coordination: lease");
  const ConfigFile with_lease(leasing.configuration(pooler.connection_string(leasing.database())));
  CHECK(Checked{with_lease.path()}.of("postgres.pooler").empty());
}

TEST_CASE("check changes nothing", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  const std::string state =
      "SELECT (SELECT count(*) FROM outbox_relay.watermark) || ' ' || (SELECT count(*) FROM "
      "outbox_relay.lease) || "
      "' ' || (SELECT string_agg(o.xmin::text || o.ctid::text, ',') FROM outbox o)";
  outbox.execute("INSERT INTO outbox (aggregatetype, type) VALUES ('a', 'b')");
  const std::string before = outbox.value(state);
  CHECK(outbox.check().done.code == exit_done);
  CHECK(outbox.value(state) == before);
}
