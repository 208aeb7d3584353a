#include <string>
#include <vector>

#include "cli/database.h"
#include "cli/exit_code.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/relay_program.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

namespace {

/// Rows 1 to 10, a day apart, the last one of 2026-01-10; row 2 is sent, row 3 parked.
class OldTable : public OutboxDatabase {
 public:
  OldTable() {
    execute(
        "INSERT INTO outbox (aggregatetype, type, created_at) SELECT 'a', 't', timestamptz '2025-12-31Z' + i "
        "* "
        "interval '1 day' FROM generate_series(1, 10) i;"
        "UPDATE outbox SET sent_at = '2026-01-02Z' WHERE id = 2;"
        "UPDATE outbox SET parked_at = now(), last_error = 'other: no' WHERE id = 3");
  }
  Finished baseline(std::vector<std::string> arguments, const std::string& outbox_options = "") const {
    arguments.insert(arguments.begin(), {"baseline", "--outbox", "orders"});
    return run(arguments, outbox_options);
  }
  [[nodiscard]] std::string pending() const {
    return value(
        "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM outbox "
        "WHERE sent_at IS NULL AND parked_at IS NULL");
  }
};

}  // namespace

TEST_CASE("a baseline marks what is before an id, and nothing that is parked", "[cli][baseline]") {
  const OldTable table;
  const auto done = table.baseline({"--before", "7"});
  CHECK(done.errors == "");
  CHECK(done.output == "marked 4 rows as sent, 1 row is parked and left alone\n");
  CHECK(done.code == exit_done);
  CHECK(table.pending() == "7 8 9 10");
  CHECK(table.value("SELECT sent_at FROM outbox WHERE id = 2") == "2026-01-02 00:00:00+00");
  CHECK(table.value("SELECT sent_at IS NULL FROM outbox WHERE id = 3") == "t");

  CHECK(table.baseline({"--before", "8"}).output == "marked 1 row as sent, 1 row is parked and left alone\n");
  CHECK(table.baseline({"--before", "2"}).output == "nothing to mark\n");
}

TEST_CASE("a baseline marks what was created before a time", "[cli][baseline]") {
  const OldTable table;
  const auto done = table.baseline({"--before", "2026-01-06T00:00:00Z", "--output", "json"});
  CHECK(done.errors == "");
  CHECK(
      done.output ==
      R"({"outbox":"orders","dry_run":false,"before":"2026-01-06T00:00:00Z","marked_rows":3,"parked_rows":1})"
      "\n");
  CHECK(table.pending() == "6 7 8 9 10");
}

TEST_CASE("a baseline's dry run changes nothing", "[cli][baseline]") {
  const OldTable table;
  CHECK(table.baseline({"--before", "11", "--dry-run"}).output ==
        "would mark 8 rows as sent, 1 row is parked and left alone\n");
  CHECK(table.pending() == "1 4 5 6 7 8 9 10");
}

TEST_CASE("a baseline of many rows goes through all of them", "[cli][baseline]") {
  const OldTable table;
  table.execute("INSERT INTO outbox (aggregatetype, type) SELECT 'a', 't' FROM generate_series(11, 12000)");
  CHECK(table.baseline({"--before", "11991"}).output ==
        "marked 11988 rows as sent, 1 row is parked and left alone\n");
  CHECK(table.pending() == "11991 11992 11993 11994 11995 11996 11997 11998 11999 12000");
}

TEST_CASE("a baseline never reaches into what is still to be written", "[cli][baseline]") {
  const OldTable table;
  SECTION("by id") {
    const auto done = table.baseline({"--before", "12"});
    CHECK(done.errors ==
          "outbox-relay: the last id of table \"public\".\"outbox\" is 10: rows that are still to be written "
          "would be marked\n  hint: give 11 at the most\n");
    CHECK(done.code == exit_unavailable);
  }
  SECTION("by time") {
    const auto done = table.baseline({"--before", "2999-01-01"});
    CHECK(done.errors == "outbox-relay: that time has not come\n  hint: give one that has passed\n");
    CHECK(done.code == exit_unavailable);
  }
  CHECK(table.pending() == "1 4 5 6 7 8 9 10");
}

TEST_CASE("a baseline is not mixed with a relay's work, unless that is wanted", "[cli][baseline]") {
  const OldTable table;
  const std::string coordination = GENERATE("advisory_lock", "lease", "none");
  CAPTURE(coordination);
  const auto option = ", coordination: " + coordination;
  const RelayProgram relay(OUTBOX_RELAY_BINARY, table.configuration(option));
  CHECK(eventually([&] { return relay.metric(R"(outbox_relay_leader{outbox="orders"})") == 1; }));
  const auto refused = table.baseline({"--before", "7"}, option);
  CHECK(refused.errors.find("--beside-relay") != std::string::npos);
  CHECK(refused.code == exit_unavailable);
  CHECK(table.pending() == "1 4 5 6 7 8 9 10");

  CHECK(table.baseline({"--before", "7", "--beside-relay"}, option).output ==
        "marked 4 rows as sent, 1 row is parked and left alone\n");
}

TEST_CASE("a baseline says what it cannot work with", "[cli][baseline]") {
  const OldTable table;
  SECTION("rows that are deleted") {
    const auto done = table.baseline({"--before", "7"}, ", completion: delete");
    CHECK(done.errors.find("no row of it is ever marked as sent") != std::string::npos);
    CHECK(done.code == exit_configuration);
  }
  SECTION("what is no id") {
    const auto done = table.baseline({"--before", "yesterday"});
    CHECK(done.errors ==
          "outbox-relay: ids of table \"public\".\"outbox\" are numbers, and `yesterday` is none\n  hint: "
          "give a number, or a time "
          "such as "
          "2026-01-31T23:59:59Z\n");
    CHECK(done.code == exit_unavailable);
  }
  SECTION("a time that is none") {
    const auto done = table.baseline({"--before", "2026-13-31"});
    CHECK(done.errors.find("2026-13-31") != std::string::npos);
    CHECK(done.code == exit_unavailable);
  }
  SECTION("times without a column for them") {
    const auto done = table.baseline({"--before", "2026-01-06"}, ", columns: {created_at: null}");
    CHECK(
        done.errors ==
        "outbox-relay: the outbox has no column that tells when a row was created\n  hint: say before which "
        "id\n");
  }
  CHECK(table.pending() == "1 4 5 6 7 8 9 10");
}
