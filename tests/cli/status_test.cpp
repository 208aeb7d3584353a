#include <string>

#include "cli/database.h"
#include "cli/exit_code.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/relay_program.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

namespace {

constexpr auto insert_rows =
    "INSERT INTO outbox (aggregatetype, type, created_at) SELECT 'a', 't', now() - interval '90 min' "
    "FROM generate_series(1, 3);"
    "UPDATE outbox SET parked_at = now(), last_error = 'other: no' WHERE id = 1";

}  // namespace

TEST_CASE("status tells what waits in an outbox that nobody relays", "[cli][status]") {
  const OutboxDatabase database;
  database.execute(insert_rows);
  const auto done = database.run({"status"});
  CHECK(done.errors == "");
  CHECK(done.output ==
        "OUTBOX  BACKLOG  OLDEST  PARKED  HELD  WATERMARK  LEADER\n"
        "orders  2        1h 30m  1       0     unknown    nobody\n");
  CHECK(done.code == exit_done);
}

TEST_CASE("status tells who relays an outbox, and where a start would begin", "[cli][status]") {
  const OutboxDatabase database;
  database.execute(insert_rows);
  const auto has_leader = [](const Finished& done) {
    return done.output.find("outbox-relay at 127.0.0.1") != std::string::npos ||
           done.output.find("lease of ") != std::string::npos;
  };
  const std::string coordination = GENERATE("advisory_lock", "lease");
  CAPTURE(coordination);
  const auto option = ", coordination: " + coordination;
  const RelayProgram relay(OUTBOX_RELAY_BINARY, database.configuration(option));
  Finished done;
  CHECK(eventually([&] {
    done = database.run({"status"}, option);
    return has_leader(done) && done.output.find("unknown") == std::string::npos;
  }));
  INFO(done.output << done.errors);
  CHECK(done.code == exit_done);
  const auto json = database.run({"status", "--output", "json"}, option);
  CHECK(json.output.find(R"("backlog_rows":2,"backlog_is_estimate":false,)") != std::string::npos);
  CHECK(json.output.find(R"("is_led":true,"leader":{"by":")" + coordination) != std::string::npos);
  CHECK(json.output.find(R"("watermark":1,)") != std::string::npos);
}

TEST_CASE("status does not guess what it cannot know", "[cli][status]") {
  const OutboxDatabase database;
  database.execute(insert_rows);
  SECTION("who leads, when nothing in the database tells") {
    const auto done = database.run({"status"}, ", coordination: none");
    CHECK(done.output.find("unknown    unknown\n") != std::string::npos);
    CHECK(done.code == exit_done);
  }
  SECTION("the watermark of another history") {
    database.execute(
        "INSERT INTO outbox_relay.watermark (table_schema, table_name, table_oid, system_identifier, "
        "timeline, "
        "sequence_file, watermark) VALUES ('public', 'outbox', 'outbox'::regclass, 1, 1, 1, 2)");
    CHECK(database.run({"status", "--output", "json"}).output.find(R"("watermark":null)") !=
          std::string::npos);
  }
  SECTION("the backlog of a large table without a watermark") {
    database.execute(
        "INSERT INTO outbox (aggregatetype, type, sent_at) SELECT 'a', 't', now() FROM generate_series(1, "
        "100100)");
    const auto done = database.run({"status"});
    CHECK(done.output.find("orders  unknown  unknown ") != std::string::npos);
    CHECK(done.errors.find("no watermark of table \"public\".\"outbox\" is saved") != std::string::npos);
    CHECK(done.code == exit_unavailable);
  }
  SECTION("anything of a table that may not be read") {
    database.execute("REVOKE SELECT ON outbox FROM outbox_relay");
    const auto done = database.run({"status"});
    CHECK(done.output.find("orders  unknown  unknown  unknown  unknown  unknown    nobody") !=
          std::string::npos);
    CHECK(done.errors.find("outbox orders: table \"public\".\"outbox\" may not be read\n"
                           "  hint: GRANT SELECT ON \"public\".\"outbox\" TO \"outbox_relay\"") !=
          std::string::npos);
    CHECK(done.code == exit_unavailable);
  }
}

TEST_CASE("status says when the server cannot be reached", "[cli][status]") {
  const ConfigFile file(
      "postgres: {connection: \"host=127.0.0.1 port=1\"}\nkafka: {properties: {bootstrap.servers: k}}\n"
      "outboxes: [{name: orders, table: a.b, topic: t}]\n");
  const auto done = run_program({"status", "-c", file.path()});
  CHECK(done.output == "");
  CHECK(done.errors.find("127.0.0.1") != std::string::npos);
  CHECK(done.code == exit_unavailable);
}
