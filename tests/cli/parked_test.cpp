#include <string>
#include <vector>

#include "cli/database.h"
#include "cli/exit_code.h"
#include "support/catch.h"

using namespace outbox_relay::cli;
using namespace outbox_relay::testing;

namespace {

/// An outbox, and a configuration for it. Rows 1 to 6, of the keys a and b in turn;
/// the relay has parked row 1 of key b (rows 3 and 5 behind it) and row 4 of key a (row 6 behind it).
class ParkedOutbox {
 public:
  explicit ParkedOutbox(const std::string& outbox_options = "")
      : config_(database_.configuration(outbox_options + "}, {name: audit, table: public.audit, topic: u")) {
    insert_rows();
  }

  Finished run(const std::string& action, std::vector<std::string> arguments = {}) const {
    const std::vector<std::string> command{"parked", action, "-c", config_.path(), "--outbox", "orders"};
    arguments.insert(arguments.begin(), command.begin(), command.end());
    return run_program(arguments);
  }
  void execute(const std::string& sql) const { database_.execute(sql); }
  [[nodiscard]] std::string value(const std::string& sql) const { return database_.value(sql); }
  /// The ids of the rows that would be relayed.
  [[nodiscard]] std::string pending() const {
    return value(
        "SELECT coalesce(string_agg(id::text, ' ' ORDER BY id), '') FROM outbox "
        "WHERE sent_at IS NULL AND parked_at IS NULL");
  }
  [[nodiscard]] const std::string& database() const { return database_.name(); }

 private:
  void insert_rows() const {
    execute(
        "INSERT INTO outbox (aggregatetype, aggregateid, type) "
        "SELECT 'invoice', CASE WHEN i % 2 = 0 THEN 'a' ELSE 'b' END, 'Created' FROM generate_series(1, 6) i;"
        "UPDATE outbox SET parked_at = '2026-03-01 10:15:07.12Z', created_at = '2026-03-01 10:15:07Z', "
        "attempts = 1,"
        "  last_error = CASE id WHEN 1 THEN 'too_large: larger than 2000 bytes' ELSE 'invalid_headers: no "
        "object' END"
        " WHERE id IN (1, 4);"
        "UPDATE outbox SET parked_at = now(), last_error = 'behind 1' WHERE id IN (3, 5);"
        "UPDATE outbox SET parked_at = now(), last_error = 'behind 4' WHERE id = 6");
  }
  OutboxDatabase database_;
  ConfigFile config_;
};

}  // namespace

TEST_CASE("parked list shows the refused rows, and how many wait behind each", "[cli][parked]") {
  const ParkedOutbox outbox;
  const auto all = outbox.run("list");
  CHECK(
      all.output ==
      R"(ID  REASON           ATTEMPTS  PARKED_AT                CREATED_AT            HAS_KEY  HELD_ROWS  ERROR
1   too_large        1         2026-03-01T10:15:07.12Z  2026-03-01T10:15:07Z  yes      2          larger than 2000 bytes
4   invalid_headers  1         2026-03-01T10:15:07.12Z  2026-03-01T10:15:07Z  yes      1          no object
)");
  CHECK(all.errors == "2 refused rows, 3 rows wait behind\n");
  CHECK(all.code == exit_done);

  const auto large = outbox.run("list", {"--reason", "too_large", "--output", "json"});
  CHECK(large.output ==
        R"({"outbox":"orders","refused_rows":1,"held_rows":2,"rows":[{"id":"1","reason":"too_large",)"
        R"("error":"larger than 2000 bytes","attempts":1,"parked_at":"2026-03-01T10:15:07.12Z",)"
        R"("created_at":"2026-03-01T10:15:07Z","has_key":true,"held_rows":2}]})"
        "\n");
  CHECK(large.errors == "");
  CHECK(large.code == exit_done);

  const auto none = outbox.run("list", {"--key", "c"});
  CHECK(none.output == "");
  CHECK(none.errors == "no refused row\n");
  CHECK(none.code == exit_done);
}

TEST_CASE("a requeue puts the row and those behind it back, and keeps its history", "[cli][parked]") {
  const ParkedOutbox outbox;
  const auto done = outbox.run("requeue", {"--id", "1"});
  CHECK(done.errors == "");
  CHECK(done.output == "requeued 1 row and 2 rows behind\n");
  CHECK(done.code == exit_done);
  CHECK(outbox.pending() == "1 2 3 5");
  CHECK(outbox.value("SELECT attempts || ' ' || last_error FROM outbox WHERE id = 1") ==
        "1 too_large: larger than 2000 bytes");

  const auto again = outbox.run("requeue", {"--id", "1"});
  CHECK(again.output == "nothing to requeue\n");
  CHECK(again.errors == "outbox-relay: row 1 is not parked\n");
  CHECK(again.code == exit_unavailable);
}

TEST_CASE("rows are chosen by id, by key, by reason, or all of them", "[cli][parked]") {
  const auto [arguments, pending] = GENERATE(table<std::vector<std::string>, std::string>({
      {{"--id", "1", "--id", "4"}, "1 2 3 4 5 6"},
      {{"--key", "a"}, "2 4 6"},
      {{"--reason", "invalid_headers", "--reason", "too_large"}, "1 2 3 4 5 6"},
      {{"--reason", "invalid_record"}, "2"},
      {{"--all"}, "1 2 3 4 5 6"},
  }));
  CAPTURE(arguments);
  const ParkedOutbox outbox;
  CHECK(outbox.run("requeue", arguments).code == exit_done);
  CHECK(outbox.pending() == pending);
}

TEST_CASE("a discarded row is never published, and those behind it go out", "[cli][parked]") {
  const ParkedOutbox outbox;
  const auto done = outbox.run("discard", {"--key", "b", "--output", "json"});
  CHECK(done.errors == "");
  CHECK(done.output ==
        R"({"outbox":"orders","action":"discard","dry_run":false,"refused_rows":1,"held_rows":2,)"
        R"("left_alone":[]})"
        "\n");
  CHECK(done.code == exit_done);
  CHECK(outbox.pending() == "2 3 5");
  CHECK(outbox.value("SELECT sent_at IS NOT NULL AND parked_at IS NULL FROM outbox WHERE id = 1") == "t");
}

TEST_CASE("a discarded row is deleted where sent rows are", "[cli][parked]") {
  const ParkedOutbox outbox(", completion: delete");
  CHECK(outbox.run("discard", {"--all"}).output ==
        "discarded 2 rows, which will never be published, and requeued 3 rows behind\n");
  CHECK(outbox.value("SELECT string_agg(id::text, ' ' ORDER BY id) FROM outbox") == "2 3 5 6");
}

TEST_CASE("a dry run changes nothing", "[cli][parked]") {
  const ParkedOutbox outbox;
  CHECK(outbox.run("requeue", {"--all", "--dry-run"}).output == "would requeue 2 rows and 3 rows behind\n");
  CHECK(outbox.run("discard", {"--id", "4", "--dry-run"}).output ==
        "would discard 1 row, which would never be published, and would requeue 1 row behind\n");
  CHECK(outbox.pending() == "2");
}

TEST_CASE("asked for a row that only waits, it names the row that it waits for", "[cli][parked]") {
  const ParkedOutbox outbox;
  const auto done = outbox.run("requeue", {"--id", "3", "--id", "4"});
  CHECK(done.output == "requeued 1 row and 1 row behind\n");
  CHECK(done.errors ==
        "outbox-relay: row 3 was not refused itself, it waits behind row 1\n  hint: requeue or discard that "
        "one\n");
  CHECK(done.code == exit_unavailable);
  CHECK(outbox.pending() == "2 4 6");
}

TEST_CASE("parked rows are dealt with also where rows are not parked any more", "[cli][parked]") {
  const ParkedOutbox outbox(", refused: halt");
  CHECK(outbox.run("requeue", {"--all"}).output == "requeued 2 rows and 3 rows behind\n");
}

TEST_CASE("parked says what it cannot find", "[cli][parked]") {
  const ParkedOutbox outbox;
  SECTION("the outbox") {
    const ConfigFile file(
        "postgres: {connection: \"host=db\"}\nkafka: {properties: {bootstrap.servers: k}}\n"
        "outboxes: [{name: orders, table: a.b, topic: t}, {name: audit, table: a.c, topic: u}]\n");
    const auto done = run_program({"parked", "list", "-c", file.path(), "--outbox", "order"});
    CHECK(done.output == "");
    CHECK(done.errors ==
          "outbox-relay: " + file.path() +
              " has no outbox `order` (did you mean `orders`?)\n  hint: it has `orders`, `audit`\n");
    CHECK(done.code == exit_usage);
  }
  SECTION("the columns") {
    const ParkedOutbox without(", columns: {attempts: null}");
    const auto done = without.run("list");
    CHECK(done.errors ==
          "outbox-relay: the outbox `orders` has no columns for parked rows\n"
          "  hint: name `parked_at`, `attempts` and `last_error` in `columns`\n");
    CHECK(done.code == exit_configuration);
  }
  SECTION("the table") {
    outbox.execute("DROP TABLE outbox");
    const auto done = outbox.run("requeue", {"--all"});
    CHECK(done.output == "");
    CHECK(done.errors.starts_with("outbox-relay: "));
    CHECK(done.errors.find("outbox") != std::string::npos);
    CHECK(done.code == exit_unavailable);
  }
  SECTION("the server") {
    const ConfigFile file(
        "postgres: {connection: \"host=127.0.0.1 port=1\"}\nkafka: {properties: {bootstrap.servers: k}}\n"
        "outboxes: [{name: orders, table: a.b, topic: t}]\n");
    const auto done = run_program({"parked", "list", "-c", file.path(), "--outbox", "orders"});
    CHECK(done.output == "");
    CHECK(done.errors.find("127.0.0.1") != std::string::npos);
    CHECK(done.code == exit_unavailable);
  }
  SECTION("a right configuration") {
    const ConfigFile file("");
    const auto done = run_program({"parked", "list", "-c", file.path(), "--outbox", "orders"});
    CHECK(done.output == "");
    CHECK(done.errors.find("the file is empty") != std::string::npos);
    CHECK(done.code == exit_configuration);
  }
}
