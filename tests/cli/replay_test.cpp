#include <string>
#include <vector>

#include "cli/database.h"
#include "cli/exit_code.h"
#include "support/catch.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

// What a relay makes of a request is in tests/process.
namespace {

/// Rows 1 to 10, a day apart, the last one of 2026-01-10; all but 4 (pending) and 5 (parked) are sent.
class SentTable : public OutboxDatabase {
 public:
  SentTable() {
    execute(
        "INSERT INTO outbox (aggregatetype, type, created_at, sent_at) SELECT 'a', 't', timestamptz "
        "'2025-12-31Z' + i * interval '1 day', CASE WHEN i NOT IN (4, 5) THEN now() END FROM "
        "generate_series(1, "
        "10) i;"
        "UPDATE outbox SET parked_at = now(), last_error = 'other: no' WHERE id = 5");
  }
  Finished replay(std::vector<std::string> arguments, const std::string& outbox_options = "") const {
    arguments.insert(arguments.begin(), {"replay", "--outbox", "orders"});
    return run(arguments, outbox_options);
  }
};

}  // namespace

TEST_CASE("a replay's dry run counts the sent rows, and requests nothing", "[cli][replay]") {
  const SentTable table;
  const auto [from, to, rows] = GENERATE(Catch::Generators::table<std::string, std::string, std::string>({
      {"3", "7", "3 rows"},
      {"1", "10", "8 rows"},
      {"-5", "1", "1 row"},
      {"2026-01-03", "2026-01-08T00:00:00Z", "3 rows"},
      {"2026-01-03T00:00:00+01:00", "2026-01-08T00:00:00-01:00", "4 rows"},
  }));
  CAPTURE(from, to);
  const auto done = table.replay({"--from=" + from, "--to", to, "--dry-run"});
  CHECK(done.errors == "");
  CHECK(done.output == "would replay " + rows + "\n");
  CHECK(done.code == exit_done);
  CHECK(table.value("SELECT count(*) FROM outbox_relay.replay") == "0");
}

TEST_CASE("where there is nothing to replay, nothing is requested", "[cli][replay]") {
  const SentTable table;
  CHECK(table.replay({"--from", "4", "--to", "5"}).output == "no sent row to replay\n");
  CHECK(table.replay({"--from", "4", "--to", "5", "--output", "json"}).output ==
        R"({"outbox":"orders","dry_run":false,"wanted_rows":0})"
        "\n");
  CHECK(table.value("SELECT count(*) FROM outbox_relay.replay") == "0");
}

TEST_CASE("a replay that no relay has taken up ends at once when it is cancelled", "[cli][replay]") {
  const SentTable table;
  table.execute(
      "INSERT INTO outbox_relay.replay (table_schema, table_name, table_oid, last_id, rows_per_second, "
      "wanted_rows)"
      " VALUES ('public', 'outbox', 'outbox'::regclass, '10', 100, 8)");
  const auto done = table.replay({"--cancel", "1", "--output", "json"});
  CHECK(done.errors == "");
  CHECK(
      done.output ==
      R"({"outbox":"orders","replay":1,"state":"cancelled","wanted_rows":8,"replayed_rows":0,"refused_rows":0,)"
      R"("last_error":null})"
      "\n");
  CHECK(done.code == exit_done);
  const auto watched = table.replay({"--watch", "1"});
  CHECK(watched.output == "replay 1 cancelled: 0 rows of 8 published once more\n");
  CHECK(watched.code == exit_unexpected);
}

TEST_CASE("a replay says what it lacks", "[cli][replay]") {
  const SentTable table;
  SECTION("rows that are kept") {
    const auto done = table.replay({"--from", "1", "--to", "2"}, ", completion: delete");
    CHECK(done.errors.find("there are no sent rows to replay") != std::string::npos);
    CHECK(done.code == exit_configuration);
  }
  SECTION("the table of requests") {
    table.execute("DROP TABLE outbox_relay.replay");
    const auto done = table.replay({"--from", "1", "--to", "2"});
    CHECK(done.errors ==
          "outbox-relay: table \"outbox_relay\".\"replay\" does not exist, which a replay needs\n  hint: run "
          "deploy/sql/control.sql and role.sql (again)\n");
    CHECK(done.code == exit_unavailable);
  }
  SECTION("the grants on it") {
    table.execute("REVOKE INSERT ON outbox_relay.replay FROM outbox_relay");
    const auto done = table.replay({"--from", "1", "--to", "2"});
    CHECK(done.errors.find("may not be read and written") != std::string::npos);
    CHECK(done.code == exit_unavailable);
  }
  SECTION("that replay") {
    const auto done = table.replay({"--watch", "7"});
    CHECK(done.errors.starts_with("outbox-relay: the outbox has no replay 7\n"));
    CHECK(done.code == exit_unavailable);
  }
  SECTION("an id of a kind") {
    const auto done = table.replay({"--from", "1", "--to", "two"});
    CHECK(done.errors.find("ids of table \"public\".\"outbox\" are numbers") != std::string::npos);
    CHECK(done.code == exit_unavailable);
  }
}
