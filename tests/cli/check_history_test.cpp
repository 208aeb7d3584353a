// Rows from before the relay's time: that check tells them from a backlog, and how they are marked.
#include <iterator>
#include <sstream>

#include "cli/checked.h"

using namespace outbox_relay::testing;

namespace {

/// Runs a command as a finding has it.
Finished run_line(const std::string& line) {
  std::istringstream words(line);
  std::vector<std::string> arguments{std::istream_iterator<std::string>(words), {}};
  REQUIRE(!arguments.empty());
  CHECK(arguments.front() == "outbox-relay");
  arguments.erase(arguments.begin());
  return run_program(std::move(arguments));
}

}  // namespace

TEST_CASE("a history that nobody marked is not taken for a backlog", "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox;
  const std::string insert =
      "INSERT INTO outbox (aggregatetype, type, created_at) SELECT 'a', 'b', now() - interval ";
  outbox.execute(insert + "'1 hour' FROM generate_series(1, 999)");
  CHECK(outbox.check().of("postgres.history").empty());

  outbox.execute(insert + "'2 days'");
  const auto history = outbox.check().only("postgres.history");
  CHECK(history.severity == "warning");
  CHECK(contains(history.fix,
                 "outbox-relay baseline -c " + outbox.config_file() + " --outbox orders --before 2"));

  SECTION("and is marked by the command that it names") {
    CHECK(run_line(history.fix).output == "marked 1000 rows as sent\n");
    CHECK(outbox.check().of("postgres.history").empty());
  }
  SECTION("but it is when some of it was marked") {
    outbox.execute("UPDATE outbox SET sent_at = now() WHERE id = 1");
    CHECK(outbox.check().of("postgres.history").empty());
  }
  SECTION("but it is when the relay has worked on it") {
    outbox.execute(
        "INSERT INTO outbox_relay.watermark (table_schema, table_name, table_oid, system_identifier, "
        "timeline)"
        " VALUES ('public', 'outbox', 'outbox'::regclass, 0, 0)");
    CHECK(outbox.check().of("postgres.history").empty());
  }
}

TEST_CASE("a history without times, or where no relay is seen, is marked by the command that check names",
          "[cli][check]") {
  make_topic();
  const CheckedOutbox outbox(", columns: {created_at: null}, coordination: none");
  outbox.execute("INSERT INTO outbox (aggregatetype, type) SELECT 'a', 'b' FROM generate_series(1, 1000)");
  const auto history = outbox.check().only("postgres.history");
  CHECK(history.fix ==
        "outbox-relay baseline -c " + outbox.config_file() + " --outbox orders --beside-relay --before 1001");
  CHECK(run_line(history.fix).output == "marked 1000 rows as sent\n");
  CHECK(outbox.check().of("postgres.history").empty());
}
