// What the command line does with parked rows.
#include "postgres/parked_rows.h"

#include <csignal>
#include <thread>

#include "fixture.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using postgres::ParkedRows;
using postgres::ParkedSelection;

namespace {

/// Rows 1 to 8: 1 refused with 2 and 3 behind it, 4 refused, 5 refused with 6 behind it, 7 pending, 8 sent.
/// The rows of the first have the key k1, the others k4, k5 …; 4 has none.
void make_outbox(const Database& database) {
  database.deploy("outbox.sql");
  database.deploy("control.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, created_at) SELECT 'a', CASE WHEN i <= "
      "3 THEN"
      " 'k1' WHEN i IN (5, 6) THEN 'k5' WHEN i <> 4 THEN 'k' || i END, 't', 'secret', '2026-01-02 "
      "03:04:05+00' FROM "
      "generate_series(1, 8) i;"
      "UPDATE outbox SET parked_at = '2026-01-02 03:04:06+00', attempts = 2, last_error = 'too_large: more "
      "than 1 "
      "MB: no' WHERE id = 1;"
      "UPDATE outbox SET parked_at = now(), last_error = 'behind 1' WHERE id IN (2, 3);"
      "UPDATE outbox SET parked_at = now(), attempts = 1, last_error = 'invalid_record: timestamp' WHERE id "
      "= 4;"
      "UPDATE outbox SET parked_at = now(), last_error = 'set aside by hand' WHERE id = 5;"
      "UPDATE outbox SET parked_at = now(), last_error = 'behind 5' WHERE id = 6;"
      "UPDATE outbox SET sent_at = now() WHERE id = 8");
}

postgres::Settings settings_of(const Database& database) {
  auto settings = database.settings();
  settings.control_schema = "outbox_relay";
  return settings;
}

std::vector<std::string> listed(ParkedRows& parked, const ParkedSelection& selection = {}) {
  std::vector<std::string> ids;
  parked.list(selection, [&](const postgres::ParkedRow& row) { ids.push_back(row.id); });
  return ids;
}

ParkedSelection with_ids(std::vector<std::string> ids) {
  return {std::move(ids), {}, {}};
}

std::string ids_where(const Database& database, const std::string& condition) {
  return database.value("SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '') FROM outbox WHERE " +
                        condition);
}

using Ids = std::vector<std::string>;

}  // namespace

TEST_CASE("parked rows are listed with what a person needs to decide", "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  ParkedRows parked{settings_of(database)};
  std::vector<postgres::ParkedRow> rows;
  parked.list({}, [&](const postgres::ParkedRow& row) { rows.push_back(row); });
  REQUIRE(rows.size() == 3);
  CHECK(rows[0].id == "1");
  CHECK(rows[0].reason == core::Reason::too_large);
  CHECK(rows[0].error == "more than 1 MB: no");
  CHECK(rows[0].attempts == 2);
  CHECK(rows[0].parked_at == "2026-01-02 03:04:06+00");
  CHECK(rows[0].created_at == "2026-01-02 03:04:05+00");
  CHECK(rows[0].has_key);
  CHECK(rows[0].rows_behind == 2);
  CHECK(rows[1].id == "4");
  CHECK_FALSE(rows[1].has_key);
  CHECK(rows[1].rows_behind == 0);
  CHECK(rows[2].id == "5");
  CHECK(rows[2].reason == core::Reason::other);
  CHECK(rows[2].error == "set aside by hand");
}

TEST_CASE("a selection narrows by what is given", "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  ParkedRows parked{settings_of(database)};
  using core::Reason;
  CHECK(listed(parked, {{"1", "5", "99"}, {}, {}}) == Ids{"1", "5"});
  CHECK(listed(parked, {{}, {"k1", "k5"}, {}}) == Ids{"1", "5"});
  CHECK(listed(parked, {{}, {}, {Reason::too_large, Reason::invalid_record}}) == Ids{"1", "4"});
  CHECK(listed(parked, {{}, {}, {Reason::other}}) == Ids{"5"});
  CHECK(listed(parked, {{}, {"k1", "k5"}, {Reason::too_large}}) == Ids{"1"});
  CHECK(listed(parked, {{"4"}, {"k1"}, {}}).empty());
  CHECK(listed(parked, {{"not a number", "'; --", "\\\"{}"}, {}, {}}).empty());
}

TEST_CASE("rows behind one that is gone are dealt with as if they were refused", "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  database.execute(GENERATE(as<std::string>{}, "DELETE FROM outbox WHERE id = 1",
                            "UPDATE outbox SET parked_at = NULL WHERE id = 1"));
  ParkedRows parked{settings_of(database)};
  std::vector<postgres::ParkedRow> rows;
  parked.list({}, [&](const postgres::ParkedRow& row) { rows.push_back(row); });
  REQUIRE(rows.size() == 4);
  CHECK(rows[0].id == "2");
  CHECK(rows[0].reason == core::Reason::other);
  CHECK(rows[0].error == "behind 1, which is not parked any more");
  CHECK(rows[1].id == "3");
  CHECK(parked.find_not_refused(with_ids({"2", "3", "6"})).size() == 1);
  CHECK(parked.requeue(with_ids({"3"})).refused == 1);
  CHECK(ids_where(database, "id = 3 AND parked_at IS NULL AND last_error IS NULL") == "3");
  CHECK(parked.discard({}).refused == 3);
  CHECK(ids_where(database, "sent_at IS NOT NULL") == "2,4,5,8");
  CHECK(ids_where(database, "parked_at IS NOT NULL").empty());
}

TEST_CASE("an id that names no refused row says what it is instead", "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  ParkedRows parked{settings_of(database)};
  const auto others = parked.find_not_refused(with_ids({"1", "3", "7", "nonsense"}));
  REQUIRE(others.size() == 3);
  CHECK(others[0].id == "3");
  CHECK(others[0].behind == "1");
  CHECK(others[1].id == "7");
  CHECK_FALSE(others[1].behind);
  CHECK(others[2].id == "nonsense");
}

TEST_CASE("requeued rows go out again with those behind them, and their history stays",
          "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  ParkedRows parked{settings_of(database)};
  const ParkedSelection selection{{}, {"k1"}, {}};
  const auto before = parked.count(selection);
  CHECK(before.refused == 1);
  CHECK(before.behind == 2);
  CHECK(ids_where(database, "parked_at IS NULL") == "7,8");

  const auto done = parked.requeue(selection);
  CHECK(done.refused == 1);
  CHECK(done.behind == 2);
  CHECK(ids_where(database, "parked_at IS NULL") == "1,2,3,7,8");
  CHECK(database.value("SELECT attempts || ' ' || last_error FROM outbox WHERE id = 1") ==
        "2 too_large: more than 1 MB: no");
  CHECK(ids_where(database, "last_error IS NULL AND id <= 3") == "2,3");
  CHECK(database.value("SELECT requeued_from FROM outbox_relay.watermark") == "1");
  CHECK(parked.requeue(selection).refused == 0);
}

TEST_CASE("discarded rows are complete, and those behind them go on", "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  auto settings = settings_of(database);
  const bool deletes = GENERATE(false, true);
  if (deletes) settings.table.completion = postgres::Completion::remove;
  ParkedRows parked{settings};
  const auto done = parked.discard(with_ids({"1", "4"}));
  CHECK(done.refused == 2);
  CHECK(done.behind == 2);
  CHECK(ids_where(database, "parked_at IS NULL AND sent_at IS NULL") == "2,3,7");
  CHECK(ids_where(database, "parked_at IS NOT NULL") == "5,6");
  if (deletes) {
    CHECK(ids_where(database, "true") == "2,3,5,6,7,8");
  } else {
    CHECK(ids_where(database, "sent_at IS NOT NULL") == "1,4,8");
  }
  // Nothing has to be looked for where nothing was put back.
  CHECK(database.value("SELECT requeued_from FROM outbox_relay.watermark") == "2");
  CHECK(parked.discard(with_ids({"2", "7", "8"})).refused == 0);
}

TEST_CASE("the lowest row that was ever put back is remembered, until the relay has looked for it",
          "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  const auto settings = settings_of(database);
  ParkedRows parked{settings};
  {
    Relay relay{settings};
    relay.open();
    relay.save_watermark(7);
  }
  parked.requeue(with_ids({"4"}));
  parked.requeue(with_ids({"5"}));
  Relay relay{settings};
  CHECK(relay.open().watermark == 3);

  SECTION("also where no relay has saved a watermark so far") {
    database.execute("DELETE FROM outbox_relay.watermark");
    parked.requeue(with_ids({"1"}));
    relay.save_watermark(7);
    CHECK(relay.open().watermark == 0);
  }
  SECTION("a role that may not write there requeues all the same") {
    const std::string role = make_role(database);
    database.execute("GRANT SELECT, UPDATE ON outbox TO " + role + "; GRANT SELECT ON outbox_id_seq TO " +
                     role + "; GRANT USAGE ON SCHEMA outbox_relay TO " + role + "; GRANT SELECT, " +
                     GENERATE(as<std::string>{}, "INSERT", "UPDATE") + " ON outbox_relay.watermark TO " +
                     role);
    auto restricted = settings;
    restricted.server.connection = database.connection_string(role);
    CHECK(ParkedRows{restricted}.requeue({}).refused == 1);
  }
  SECTION("without a control schema nothing is lost, since each start looks through the whole outbox") {
    database.execute("DROP SCHEMA outbox_relay CASCADE");
    CHECK(ParkedRows{settings}.requeue({}).refused == 1);
  }
}

TEST_CASE("all rows are done page by page, each with those behind it", "[postgres][parked_rows]") {
  const Database database;
  database.deploy("outbox.sql");
  // 250 refused rows, one of them with 100 000 behind it, the others with one each.
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, parked_at, last_error) SELECT 'a', 't', now(), 'other: no' "
      "FROM "
      "generate_series(1, 250);"
      "INSERT INTO outbox (aggregatetype, type, parked_at, last_error) SELECT 'a', 't', now(), 'behind ' || "
      "CASE "
      "WHEN i <= 100000 THEN 120 ELSE i - 100000 END FROM generate_series(1, 100250) i WHERE i <> 100120");
  ParkedRows parked{database.settings()};
  CHECK(listed(parked).size() == 250);
  std::vector<std::size_t> refused;
  std::vector<std::size_t> behind;
  const auto done = parked.requeue({}, [&](const postgres::ParkedCount& so_far) {
    refused.push_back(so_far.refused);
    behind.push_back(so_far.behind);
  });
  CHECK(refused == std::vector<std::size_t>{100, 200, 250});
  CHECK(behind == std::vector<std::size_t>{100, 100'199, 100'249});
  CHECK(done.behind == 100'249);
  CHECK(database.value("SELECT count(*) FROM outbox WHERE parked_at IS NOT NULL") == "0");
}

TEST_CASE("a server that freezes after it took the connection is not waited for for ever",
          "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  auto settings = settings_of(database);
  settings.server.statement_timeout = std::chrono::milliseconds{100};
  ParkedRows parked{settings};
  const auto pid =
      std::stoi(database.value("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                               "application_name = 'outbox-relay'"));
  REQUIRE(::kill(pid, SIGSTOP) == 0);
  const auto failure = failure_of([&] { listed(parked); });
  ::kill(pid, SIGCONT);
  CHECK(failure.reason == core::Reason::timeout);
  CHECK(failure.message == "PostgreSQL did not answer in time");
}

TEST_CASE("a deadlock with somebody else is tried again", "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  const auto other = database.client();
  other->execute("SET deadlock_timeout = '1h'; BEGIN; SELECT FROM outbox WHERE id = 4 FOR UPDATE");
  std::optional<core::Failure> failure;
  std::jthread requeue{[&] {
    try {
      ParkedRows{settings_of(database)}.requeue({});
    } catch (const core::FailureError& error) {
      failure = error.failure();
    }
  }};
  CHECK(a_backend_waits(database));
  other->execute("SELECT FROM outbox WHERE id = 1 FOR UPDATE; COMMIT");
  requeue.join();
  CHECK_FALSE(failure);
  CHECK(ids_where(database, "parked_at IS NOT NULL").empty());
}

TEST_CASE("a row that is being held meanwhile is released too", "[postgres][parked_rows]") {
  const Database database;
  make_outbox(database);
  // What the relay does when it holds row 7 behind row 1.
  const auto relay = database.client();
  relay->execute(
      "BEGIN; SELECT FROM outbox WHERE id = 1 AND parked_at IS NOT NULL FOR SHARE; UPDATE outbox SET "
      "parked_at = now(), last_error = 'behind 1' WHERE id = 7");
  postgres::ParkedCount done;
  std::jthread requeue{[&] { done = ParkedRows{settings_of(database)}.requeue(with_ids({"1"})); }};
  CHECK(a_backend_waits(database));
  relay->execute("COMMIT");
  requeue.join();
  CHECK(done.behind == 3);
  CHECK(ids_where(database, "parked_at IS NULL") == "1,2,3,7,8");
}

TEST_CASE("ids and keys of other types are selected by their text", "[postgres][parked_rows]") {
  const Database database;
  struct Case {
    std::string id_type;
    std::string key_type;
    std::string first;
    std::string second;
  };
  const auto example = GENERATE(
      Case{"text", "bytea", "01A", "01B"}, Case{"character varying", "integer", "01A", "01B"},
      Case{"uuid", "text", "01900000-0000-7000-8000-000000000001", "01900000-0000-7000-8000-000000000002"});
  database.execute("CREATE TABLE outbox (id " + example.id_type + " PRIMARY KEY, key " + example.key_type +
                   ", sent_at timestamptz, parked_at timestamptz, attempts int, last_error text); CREATE "
                   "INDEX ON outbox (id) WHERE parked_at IS NOT NULL");
  database.execute("INSERT INTO outbox VALUES ('" + example.first +
                   "', '17', NULL, now(), 1, 'other: no'), ('" + example.second +
                   "', '17', NULL, now(), NULL, 'behind " + example.first + "')");
  auto settings = settings_of(database);
  settings.table.key = "key";
  settings.table.message_id.reset();
  settings.table.payload.reset();
  settings.table.headers.reset();
  settings.table.created_at.reset();
  ParkedRows parked{settings};
  CHECK(listed(parked, {{}, {"18"}, {}}).empty());
  CHECK(listed(parked, {{example.first}, {"17"}, {}}) == Ids{example.first});
  CHECK(parked.find_not_refused(with_ids({example.second})).at(0).behind == example.first);
  const auto done = parked.requeue({{}, {"17"}, {}});
  CHECK(done.refused == 1);
  CHECK(done.behind == 1);
  CHECK(ids_where(database, "parked_at IS NULL") == example.first + "," + example.second);
}

TEST_CASE("what parking lacks is a failure with a remedy here, too", "[postgres][parked_rows]") {
  const Database database;
  database.execute(plain_outbox);
  auto settings = settings_of(database);
  SECTION("the columns") {
    settings.table = database.plain_settings().table;
    CHECK(failure_of([&] { ParkedRows{settings}; }).reason == core::Reason::missing);
  }
  SECTION("the server") {
    settings.server.connection = "host=127.0.0.1 port=1 user=u dbname=d";
    CHECK(failure_of([&] { ParkedRows{settings}; }).reason == core::Reason::connection);
  }
  SECTION("a key to select by") {
    database.execute(
        "ALTER TABLE outbox ADD parked_at timestamptz, ADD attempts int, ADD last_error text; CREATE INDEX "
        "ON outbox (id) WHERE parked_at IS NOT NULL");
    settings.table = database.plain_settings().table;
    settings.table.parked_at = "parked_at";
    settings.table.attempts = "attempts";
    settings.table.last_error = "last_error";
    ParkedRows parked{settings};
    CHECK(failure_of([&] { listed(parked, {{}, {"k"}, {}}); }).message == "the outbox has no key column");
  }
}
