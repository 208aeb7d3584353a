// Completing rows: exactly those that were published, wherever they are now.
#include <chrono>

#include "fixture.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::chrono_literals;

namespace {

std::string pending(const Database& database) {
  return database.value(
      "SELECT coalesce(string_agg(id::text, ',' ORDER BY id), '') FROM outbox WHERE sent_at IS NULL");
}

}  // namespace

TEST_CASE("rows are marked sent by their places", "[postgres][completing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 5) i");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  const auto rows = page.rows();
  CHECK(relay.complete({rows[0], rows[2], rows[4]}) == 3);
  CHECK(pending(database) == "2,4");
  // An outcome that got lost is simply asked for again.
  CHECK(relay.complete(rows) == 2);
  CHECK(pending(database).empty());
}

TEST_CASE("rows are deleted where completion says so", "[postgres][completing]") {
  const Database database;
  database.execute("CREATE TABLE outbox (id bigserial PRIMARY KEY, payload text)");
  database.execute("INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 5) i");
  auto settings = database.plain_settings();
  settings.table.sent.reset();
  settings.table.completion = postgres::Completion::remove;
  Relay relay{settings};
  CHECK(relay.open().ids_from_sequence);
  Published page{relay.fetch()};
  auto rows = page.rows();
  CHECK(relay.complete({rows[1], rows[3]}) == 2);
  CHECK(database.value("SELECT string_agg(id::text, ',' ORDER BY id) FROM outbox") == "1,3,5");
  page.distrust_places();
  CHECK(relay.complete(rows) == 3);
  CHECK(database.value("SELECT count(*) FROM outbox") == "0");
}

TEST_CASE("a row that somebody has locked keeps no other from being completed", "[postgres][completing]") {
  const Database database;
  const auto completion = GENERATE(postgres::Completion::mark, postgres::Completion::remove);
  database.execute(
      GENERATE(std::string{plain_outbox},
               "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text, "
               "sent_at timestamptz) PARTITION BY RANGE (id); CREATE TABLE low PARTITION OF outbox FOR "
               "VALUES FROM (0) TO (3); CREATE TABLE high PARTITION OF outbox DEFAULT"));
  database.execute("INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 5) i");
  auto settings = database.plain_settings();
  settings.table.completion = completion;
  settings.server.statement_timeout = 400ms;  // twice what it waits for a lock
  Relay relay{settings};
  relay.open();
  Published page{relay.fetch()};
  const auto rows = page.rows();
  if (GENERATE(true, false)) page.distrust_places();
  const auto other = database.client();
  other->execute("BEGIN; SELECT FROM outbox WHERE id IN (2, 4) FOR UPDATE");

  const auto first = relay.completed(rows);
  CHECK(first.rows == 3);
  CHECK(first.locked == std::vector{rows[1], rows[3]});
  CHECK(pending(database) == "2,4");
  REQUIRE(relay.notices().size() == 1);
  CHECK(relay.notices()[0] ==
        "somebody has locked rows of table \"public\".\"outbox\" that are published, they are marked later:"
        " pg_blocking_pids tells who");
  CHECK(relay.completed(first.locked).locked == first.locked);
  CHECK(relay.notices().size() == 1);
  other->execute("UPDATE outbox SET payload = 'another' WHERE id = 4; COMMIT");
  const auto last = relay.completed(first.locked);
  CHECK(last.rows == 1);
  CHECK(last.locked.empty());
  CHECK(pending(database) == "4");  // it is another message now
}

TEST_CASE("the flag may be a boolean or a number", "[postgres][completing]") {
  const Database database;
  const std::string type = GENERATE(as<std::string>{}, "boolean NOT NULL DEFAULT false",
                                    "smallint NOT NULL DEFAULT 0", "timestamp");
  database.execute("CREATE TABLE outbox (id bigserial PRIMARY KEY, payload text, sent_at " + type + ")");
  database.execute("INSERT INTO outbox (payload) VALUES ('a'), ('b')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  CHECK(relay.complete({page.rows()[0]}) == 1);
  CHECK(payloads(relay.fetch().page) == std::vector<std::string>{"b"});
}

TEST_CASE("a flag that may be NULL is refused, because such rows would be neither sent nor pending",
          "[postgres][completing]") {
  const Database database;
  database.execute(
      "CREATE TABLE outbox (id bigserial PRIMARY KEY, payload text, sent_at boolean DEFAULT false)");
  Relay relay{database.plain_settings()};
  const auto failure = failure_of([&] { relay.open(); });
  CHECK(failure.remedy == core::Remedy::operate);
  CHECK(failure.hint == "ALTER TABLE \"public\".\"outbox\" ALTER \"sent_at\" SET NOT NULL");
}

TEST_CASE("a stranger in a freed slot is never marked", "[postgres][completing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("ALTER TABLE outbox SET (autovacuum_enabled = off)");
  database.execute("INSERT INTO outbox (payload) VALUES ('one'), ('two')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  const auto place = database.value("SELECT ctid::text FROM outbox WHERE id = 1");
  database.execute("DELETE FROM outbox WHERE id = 1");
  database.execute("VACUUM outbox");
  database.execute("INSERT INTO outbox (payload) VALUES ('stranger')");
  REQUIRE(database.value("SELECT ctid::text FROM outbox WHERE payload = 'stranger'") == place);

  CHECK(relay.complete(page.rows()) == 1);
  CHECK(pending(database) == "3");
}

TEST_CASE("a row that moved is completed where it is now", "[postgres][completing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("ALTER TABLE outbox ADD note text");
  database.execute("INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 3) i");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  database.execute("UPDATE outbox SET note = 'moved' WHERE id = 2");
  CHECK(relay.complete(page.rows()) == 3);
  CHECK(pending(database).empty());
}

TEST_CASE("a row whose message was changed since is left pending", "[postgres][completing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 3) i");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  database.execute("UPDATE outbox SET payload = 'another' WHERE id = 2");
  SECTION("in the same session") {}
  SECTION("across a reconnect") {
    page.distrust_places();
  }
  SECTION("by something much larger") {
    database.execute("UPDATE outbox SET payload = repeat('x', 1000000) WHERE id = 2");
  }
  SECTION("by NULL") {
    database.execute("UPDATE outbox SET payload = NULL WHERE id = 2");
  }
  CHECK(relay.complete(page.rows()) == 2);
  CHECK(pending(database) == "2");
}

TEST_CASE("a place proves nothing across a reconnect", "[postgres][completing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('published')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  // What a crash of an asynchronous commit looks like afterwards: same id, same place, another message.
  database.execute("TRUNCATE outbox RESTART IDENTITY");
  database.execute("INSERT INTO outbox (payload) VALUES ('stranger')");
  relay.open();
  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 0);
  CHECK(pending(database) == "1");
}

TEST_CASE("rows that are gone or parked meanwhile count as done", "[postgres][completing]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute("INSERT INTO outbox (aggregatetype, type) SELECT 'a', 't' FROM generate_series(1, 3)");
  Relay relay{database.settings()};
  relay.open();
  Published page{relay.fetch()};
  database.execute("DELETE FROM outbox WHERE id = 1; UPDATE outbox SET parked_at = now() WHERE id = 2");
  CHECK(relay.complete(page.rows()) == 1);
  CHECK(pending(database) == "2");
}

TEST_CASE("rows of all partitions are completed, whatever their places have in common",
          "[postgres][completing]") {
  const Database database;
  const std::string completion = GENERATE(as<std::string>{}, "mark", "delete");
  database.execute(
      "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY, payload text, sent_at timestamptz, "
      "PRIMARY KEY (id))"
      " PARTITION BY RANGE (id);"
      "CREATE TABLE low PARTITION OF outbox FOR VALUES FROM (0) TO (10);"
      "CREATE TABLE high PARTITION OF outbox FOR VALUES FROM (10) TO (1000)");
  database.execute("INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 20) i");
  auto settings = database.plain_settings();
  if (completion == "delete") settings.table.completion = postgres::Completion::remove;
  Relay relay{settings};
  CHECK(relay.open().ids_from_sequence);
  Published page{relay.fetch()};
  const auto rows = page.rows();
  REQUIRE(rows.size() == 20);
  CHECK(rows[0]->row->place.block == rows[9]->row->place.block);
  CHECK(rows[0]->row->place.offset == rows[9]->row->place.offset);
  CHECK(rows[0]->row->place.table != rows[9]->row->place.table);
  CHECK(relay.complete({rows[0], rows[10]}) == 2);
  CHECK(database.value("SELECT count(*) FROM outbox WHERE sent_at IS NULL AND id NOT IN (1, 11)") == "18");
  page.distrust_places();
  CHECK(relay.complete(rows) == 18);
}

TEST_CASE(
    "an asynchronous commit is told from a safe one, and its vanished row from the stranger that takes its "
    "id",
    "[postgres][completing]") {
  PostgresServer server{{"wal_writer_delay=10s", "autovacuum=off"}};
  const Database database{server};
  database.execute(plain_outbox);
  database.execute("CHECKPOINT");
  Relay relay{database.plain_settings()};
  relay.open();
  database.execute("SET synchronous_commit = off; INSERT INTO outbox (payload) VALUES ('vanishes')");

  core::Fetched fetched = relay.fetch();
  REQUIRE(ids(fetched.page) == std::vector<std::int64_t>{1});
  CHECK(fetched.flushed < fetched.written);
  CHECK(relay.flush_position() < fetched.written);

  Published page{std::move(fetched)};
  server.stop(PostgresServer::Stop::immediate);
  server.start();
  CHECK(failure_of([&] { relay.fetch(); }).remedy == core::Remedy::rebuild);
  relay.open();
  REQUIRE(relay.fetch().page.rows.empty());
  database.execute("ALTER SEQUENCE outbox_id_seq RESTART; INSERT INTO outbox (payload) VALUES ('stranger')");
  Published now{relay.fetch()};
  REQUIRE(now.rows()[0]->row->id == page.rows()[0]->row->id);
  REQUIRE(now.rows()[0]->row->place == page.rows()[0]->row->place);

  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 0);
  CHECK(pending(database) == "1");
}

TEST_CASE("the log is flushed when asked for, although the WAL writer sleeps", "[postgres][completing]") {
  PostgresServer server{{"wal_writer_delay=10s", "autovacuum=off"}};
  const Database database{server};
  database.execute(plain_outbox);
  auto settings = database.plain_settings();
  const auto fetch_unsafe = [&](Relay& relay) {
    relay.open();
    database.execute("SET synchronous_commit = off; INSERT INTO outbox (payload) VALUES ('unsafe')");
    const auto fetched = relay.fetch();
    CHECK(fetched.flushed < fetched.written);
    CHECK(relay.flush_position() < fetched.written);
    return fetched.written;
  };
  SECTION("where there is a control schema") {
    database.deploy("control.sql");
    settings.control_schema = "outbox_relay";
    Relay relay{settings};
    const auto written = fetch_unsafe(relay);
    CHECK(relay.flush_position(true) >= written);
    CHECK(database.value("SELECT count(watermark) FROM outbox_relay.watermark") == "0");
  }
  SECTION("in the server's own time where there is none") {
    Relay relay{settings};
    const auto written = fetch_unsafe(relay);
    CHECK(relay.flush_position(true) < written);
  }
}

TEST_CASE("an asynchronous completion does not wait for the disk, and parking does",
          "[postgres][completing]") {
  PostgresServer server{{"wal_writer_delay=10s", "autovacuum=off"}};
  const Database database{server};
  const auto completion = GENERATE(postgres::Completion::mark, postgres::Completion::remove);
  const auto commit =
      GENERATE(postgres::CompletionCommit::synchronous, postgres::CompletionCommit::asynchronous);
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, payload) SELECT 'order', 'created', '' FROM "
      "generate_series(1, 4)");
  auto settings = database.settings();
  settings.table.completion = completion;
  settings.completion_commit = commit;
  Relay relay{settings};
  relay.open();
  Published page{relay.fetch()};
  const auto rows = page.rows();
  const auto written = [&database]() -> core::LogPosition {
    return {std::stoull(database.value("SELECT pg_current_wal_insert_lsn() - '0/0'"))};
  };
  const auto completes_durably = [&](core::InFlight* row) {
    const auto before = written();
    REQUIRE(relay.complete({row}) == 1);
    return relay.flush_position() > before;
  };
  const bool is_durable = commit == postgres::CompletionCommit::synchronous;
  CHECK(completes_durably(rows[0]) == is_durable);

  const auto before_parking = written();
  const core::Failure failure{core::Reason::too_large, core::Remedy::park, "no", ""};
  REQUIRE(relay.park({{rows[1], failure, {}}}).size() == 1);
  CHECK(relay.flush_position() > before_parking);

  CHECK(completes_durably(rows[2]) == is_durable);
  page.distrust_places();
  CHECK(completes_durably(rows[3]) == is_durable);
}

TEST_CASE("a crash that takes completions back takes the watermark back with them",
          "[postgres][completing]") {
  PostgresServer server{{"wal_writer_delay=10s", "autovacuum=off"}};
  const Database database{server};
  database.execute(plain_outbox);
  database.deploy("control.sql");
  database.execute("INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 4) i");
  auto settings = database.plain_settings();
  settings.control_schema = "outbox_relay";
  settings.completion_commit = postgres::CompletionCommit::asynchronous;
  Relay relay{settings};
  relay.open();
  Published page{relay.fetch()};
  const auto rows = page.rows();
  REQUIRE(relay.complete({rows[0], rows[1]}) == 2);
  relay.save_watermark(2);
  // Flushed up to here, and from a page's start on, so that the rest fits into a page nobody writes yet.
  database.execute("CHECKPOINT; SELECT pg_switch_wal()");
  database.execute("CHECKPOINT");
  REQUIRE(relay.complete({rows[2], rows[3]}) == 2);
  relay.save_watermark(4);
  REQUIRE(database.value("SELECT watermark FROM outbox_relay.watermark") == "4");

  server.stop(PostgresServer::Stop::immediate);
  server.start();
  CHECK(pending(database) == "3,4");
  CHECK(failure_of([&] { relay.fetch(); }).remedy == core::Remedy::rebuild);
  CHECK(relay.open().watermark == 2);
  CHECK(ids(relay.fetch(above(2)).page) == std::vector<std::int64_t>{3, 4});
}

TEST_CASE("the flush position passes what a synchronous commit wrote", "[postgres][completing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('safe')");
  Relay relay{database.plain_settings()};
  relay.open();
  const auto fetched = relay.fetch();
  database.execute("INSERT INTO outbox (payload) VALUES ('safe too')");
  CHECK(relay.flush_position() >= fetched.written);
}
