// What people do to the outbox table while the relay is at work.
#include "scenarios.h"
#include "sql_session.h"
#include "support/catch.h"

namespace outbox_relay::testing {
namespace {

/// Longer than the relay's lock timeout, half of its statement timeout.
constexpr milliseconds longer_than_lock_timeout{2500};

void hold(Rig& rig, const std::string& statement) {
  SqlSession session{rig.connection_string()};
  session.execute("BEGIN; " + statement);
  rig.let_run(longer_than_lock_timeout);
  session.execute("ROLLBACK");
  rig.await_progress();
}

}  // namespace

Report table_locked(const Conditions& conditions) {
  Rig rig{{.scenario = "table-locked", .conditions = conditions}};
  rig.begin();
  hold(rig, "LOCK TABLE outbox IN ACCESS EXCLUSIVE MODE");
  hold(rig, "LOCK TABLE outbox IN SHARE MODE");
  hold(rig, "SELECT FROM outbox ORDER BY id DESC LIMIT 1000 FOR UPDATE");
  return rig.conclude();
}

/// Somebody locks and moves pending rows in another order than the relay completes them, while the relay's
/// role has a stricter isolation than it needs.
Report rows_contended(const Conditions& conditions) {
  Rig rig{{.scenario = "rows-contended",
           .conditions = conditions,
           .workload = {.longest_pause = milliseconds{1}}}};
  rig.execute("ALTER ROLE outbox_relay IN DATABASE " + rig.database() +
              " SET default_transaction_isolation = 'serializable'; ALTER ROLE outbox_relay IN DATABASE " +
              rig.database() + " SET deadlock_timeout = '10ms'");
  rig.begin();
  SqlSession rival{rig.connection_string()};
  rig.keep_on([&] {
    try {
      rival.execute(
          "DO $$ DECLARE pending bigint; BEGIN "
          "FOR pending IN SELECT id FROM outbox WHERE sent_at IS NULL ORDER BY id DESC LIMIT 100 LOOP "
          "UPDATE outbox SET headers = headers WHERE id = pending AND sent_at IS NULL; PERFORM "
          "pg_sleep(0.001); "
          "END LOOP; END $$");
    } catch (const SqlError&) {  // the server chose this one to end the deadlock
    }
  });
  rig.expect(eventually([&] {
               return rig.value("SELECT deadlocks > 0 FROM pg_stat_database WHERE datname = '" +
                                rig.database() + '\'') == "t";
             }),
             "no deadlock came about");
  return rig.conclude();
}

Report table_altered(const Conditions& conditions) {
  Rig rig{{.scenario = "table-altered", .conditions = conditions}};
  rig.begin();
  rig.keep_on([&] {
    for (const char* change : {
             "ALTER TABLE outbox ADD COLUMN tenant text DEFAULT 'none'",
             "VACUUM FULL outbox",
             "ALTER TABLE outbox DROP COLUMN tenant",
             "ALTER TABLE outbox ALTER type TYPE varchar(100)",
             "REINDEX TABLE outbox",
             "ALTER TABLE outbox ALTER type TYPE text",
             "ALTER TABLE outbox RENAME TO outbox_away",
             "ALTER TABLE outbox_away RENAME TO outbox",
             "CLUSTER outbox USING outbox_pkey",
         }) {
      rig.execute(change);
      rig.let_run(rig.dice().between(milliseconds{50}, milliseconds{400}));
    }
  });
  return rig.conclude();
}

Report rights_taken_away(const Conditions& conditions) {
  Rig rig{{.scenario = "rights-taken-away", .conditions = conditions}};
  rig.begin();
  const std::pair<const char*, const char*> changes[] = {
      {"REVOKE SELECT ON outbox FROM outbox_relay", "GRANT SELECT ON outbox TO outbox_relay"},
      {"REVOKE UPDATE (sent_at) ON outbox FROM outbox_relay",
       "GRANT UPDATE (sent_at) ON outbox TO outbox_relay"},
      {"ALTER TABLE outbox ENABLE ROW LEVEL SECURITY", "ALTER TABLE outbox DISABLE ROW LEVEL SECURITY"},
  };
  for (const auto& [take, give] : changes) {
    rig.execute(take);
    rig.expect(eventually([&] { return rig.relay().get("/readyz").status == 503; }),
               std::string{"ready in spite of: "} + take);
    rig.execute(give);
    rig.await_progress();
  }
  return rig.conclude();
}

namespace {

/// While nothing is under way, and everything is published.
Report change_while_idle(const std::string& scenario, const std::string& change,
                         const Conditions& conditions) {
  Rig rig{{.scenario = scenario, .conditions = conditions}};
  rig.rows_may_be_gone();
  rig.begin();
  rig.let_run(fault_time() / 4);
  rig.workload().pause();
  rig.expect(eventually([&] { return rig.pending() == 0; }), "rows pending while nobody writes");
  rig.execute(change);
  rig.workload().resume();
  rig.await_progress();
  return rig.conclude();
}

}  // namespace

/// The ids begin at 1 once more.
Report table_truncated(const Conditions& conditions) {
  return change_while_idle("table-truncated", "TRUNCATE outbox RESTART IDENTITY", conditions);
}

/// Another table under the same name, whose ids begin at 1.
Report table_replaced(const Conditions& conditions) {
  return change_while_idle("table-replaced",
                           "ALTER TABLE outbox RENAME TO outbox_old; "
                           "CREATE TABLE outbox (LIKE outbox_old INCLUDING ALL); "
                           "GRANT SELECT, UPDATE, DELETE ON outbox TO outbox_relay; "
                           "GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO outbox_relay",
                           conditions);
}

TEST_CASE("the table and its rows are locked for longer than the relay waits", "[table]") {
  check_nothing_comes_twice(table_locked());
}

TEST_CASE("pending rows are updated by others in another order: deadlocks, serialization failures",
          "[table]") {
  check_nothing_comes_twice(rows_contended());
}

TEST_CASE("columns come and go, the table is rewritten, renamed and reindexed", "[table]") {
  check_nothing_comes_twice(table_altered());
}

TEST_CASE("grants are taken away, row-level security is switched on: not ready, and well again by itself",
          "[table]") {
  check_nothing_comes_twice(rights_taken_away());
}

TEST_CASE("the table is truncated and its ids begin at 1 once more", "[table]") {
  check_promises(table_truncated());
}

TEST_CASE("the table is replaced by an empty one", "[table]") {
  check_promises(table_replaced());
}

}  // namespace outbox_relay::testing
