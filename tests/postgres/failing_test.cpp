// What becomes of the sessions when things fail under way.
#include <boost/asio/steady_timer.hpp>
#include <chrono>

#include "fixture.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::chrono_literals;

namespace {

void terminate_relay(const Database& database) {
  database.execute(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND"
      " application_name = 'outbox-relay'");
}

/// A row that nobody has published comes to the place of the one in `page`, with its id.
void check_stranger_is_left_alone(const Database& database, Relay& relay, Published& page) {
  database.execute("INSERT INTO outbox (payload) VALUES ('stranger')");
  REQUIRE(database.value("SELECT id || ' ' || ctid FROM outbox") == "1 (0,1)");

  CHECK(failure_of([&] { relay.complete(page.rows()); }).remedy == core::Remedy::rebuild);
  CHECK(failure_of([&] { relay.fetch(); }).remedy == core::Remedy::rebuild);
  CHECK(relay.open().last_drawn == 1);
  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 0);
  CHECK(payloads(relay.fetch().page) == std::vector<std::string>{"stranger"});
}

}  // namespace

TEST_CASE("a backend that is terminated asks for a rebuild, and the source can be opened again",
          "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('a')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  terminate_relay(database);

  for (const auto& failure :
       {failure_of([&] { relay.fetch(); }), failure_of([&] { relay.complete(page.rows()); })}) {
    CHECK(failure.reason == core::Reason::connection);
    CHECK(failure.remedy == core::Remedy::rebuild);
  }
  CHECK(failure_of([&] { relay.flush_position(); }).remedy == core::Remedy::rebuild);
  relay.open();
  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 1);
}

TEST_CASE("a statement past its time leaves the session usable", "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('a')");
  auto settings = database.plain_settings();
  settings.server.statement_timeout = 200ms;
  Relay relay{settings};
  relay.open();
  Published page{relay.fetch()};

  const auto other = database.client();
  SECTION("it waits for a lock on the table") {
    other->execute("BEGIN; LOCK TABLE outbox");
    const auto failure = failure_of([&] { relay.complete(page.rows()); });
    CHECK(failure.reason == core::Reason::conflict);
    CHECK(failure.message ==
          "the server refused a statement: canceling statement due to lock timeout (SQLSTATE 55P03)");
    CHECK(failure.hint == "somebody holds a lock on the outbox or on its rows: pg_blocking_pids tells who");
    CHECK(failure.remedy == core::Remedy::retry);
    other->execute("ROLLBACK");
    CHECK(relay.complete(page.rows()) == 1);
  }
  SECTION("it takes too long") {
    database.execute(
        "CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_sleep(30); RETURN NEW; "
        "END';"
        "CREATE TRIGGER slow BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION slow()");
    const auto failure = failure_of([&] { relay.complete(page.rows()); });
    CHECK(failure.reason == core::Reason::timeout);
    CHECK(failure.remedy == core::Remedy::retry);
    database.execute("DROP TRIGGER slow ON outbox");
    CHECK(relay.complete(page.rows()) == 1);
  }
}

TEST_CASE("a trigger's words never come out, because they may quote a row", "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute(
      "INSERT INTO outbox (payload) VALUES ('canary');"
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
      " 'BEGIN RAISE WARNING ''%'', NEW.payload; RAISE EXCEPTION ''%'', NEW.payload USING ERRCODE = "
      "''42501''; END';"
      "CREATE TRIGGER refuse BEFORE UPDATE ON outbox FOR EACH ROW EXECUTE FUNCTION refuse()");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  const auto failure = failure_of([&] { relay.complete(page.rows()); });
  CHECK(failure.message == "the server refused a statement (SQLSTATE 42501)");
  REQUIRE(relay.notices().size() == 1);
  CHECK(relay.notices()[0] == "the server sent a WARNING (SQLSTATE 01000)");
}

TEST_CASE("a completion counts only once its transaction is committed", "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute(
      "INSERT INTO outbox (payload) VALUES ('a');"
      "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''late''; END';"
      "CREATE CONSTRAINT TRIGGER refuse AFTER UPDATE ON outbox DEFERRABLE INITIALLY DEFERRED FOR EACH ROW"
      " EXECUTE FUNCTION refuse()");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  CHECK(failure_of([&] { relay.complete(page.rows()); }).remedy == core::Remedy::operate);
  database.execute("DROP TRIGGER refuse ON outbox");
  CHECK(relay.complete(page.rows()) == 1);
}

TEST_CASE("a table that is altered under prepared statements is only noticed by the server",
          "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('1'), ('2')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  CHECK(relay.complete({page.rows()[0]}) == 1);
  SECTION("a column is added") {
    database.execute("ALTER TABLE outbox ADD extra text DEFAULT 'x'");
  }
  SECTION("a column changes its type without a rewrite") {
    database.execute("ALTER TABLE outbox ALTER payload TYPE varchar");
  }
  CHECK(payloads(relay.fetch().page) == std::vector<std::string>{"2"});
  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 1);
  CHECK(relay.connections_opened() == 2);
}

TEST_CASE("a table that is replaced or rewritten is opened anew, and what was published stays complete",
          "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('1'), ('2')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  CHECK(relay.complete({page.rows()[0]}) == 1);
  SECTION("the id changes its type") {
    database.execute("ALTER TABLE outbox ALTER id TYPE integer");
  }
  SECTION("a column changes its type with a rewrite") {
    database.execute("ALTER TABLE outbox ALTER payload TYPE varchar(10)");
  }
  SECTION("VACUUM FULL") {
    database.execute("VACUUM FULL outbox");
  }
  SECTION("CLUSTER") {
    database.execute("CLUSTER outbox USING outbox_pkey");
  }
  SECTION("a copy takes its name") {
    database.execute(
        "CREATE TABLE copy (LIKE outbox INCLUDING ALL); INSERT INTO copy OVERRIDING SYSTEM VALUE SELECT * "
        "FROM "
        "outbox; ALTER TABLE outbox RENAME TO old; ALTER TABLE copy RENAME TO outbox");
  }
  for (const auto& failure :
       {failure_of([&] { relay.fetch(); }), failure_of([&] { relay.complete(page.rows()); })}) {
    CHECK(failure.remedy == core::Remedy::rebuild);
    CHECK(failure.message ==
          "table \"public\".\"outbox\" was replaced or rewritten (RENAME, TRUNCATE, VACUUM"
          " FULL, ALTER TABLE)");
  }
  relay.open();
  CHECK(payloads(relay.fetch().page) == std::vector<std::string>{"2"});
  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 1);
  CHECK(relay.fetch().page.rows.empty());
}

TEST_CASE("a stranger in the place of a published row is never completed, whatever became of the table",
          "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('published')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  SECTION("another table has its name") {
    database.execute("ALTER TABLE outbox RENAME TO old");
    database.execute(
        "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, payload text, "
        "sent_at timestamptz)");
  }
  SECTION("it was emptied, and its sequence restarted") {
    database.execute("TRUNCATE outbox RESTART IDENTITY");
  }
  check_stranger_is_left_alone(database, relay, page);
}

TEST_CASE("a partition that was emptied, with the ids begun anew, gives its rows' places to strangers",
          "[postgres][failing]") {
  const Database database;
  database.execute(
      "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY, payload text, sent_at timestamptz, "
      "PRIMARY KEY (id)) PARTITION BY RANGE (id); "
      "CREATE TABLE low PARTITION OF outbox FOR VALUES FROM (0) TO (1000)");
  database.execute("INSERT INTO outbox (payload) VALUES ('published')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  const std::string emptying = GENERATE(as<std::string>{}, "TRUNCATE outbox RESTART IDENTITY",
                                        "TRUNCATE low; ALTER TABLE outbox ALTER id RESTART");
  database.execute(emptying);
  check_stranger_is_left_alone(database, relay, page);
}

TEST_CASE("a new partition begins a new session, and nothing else", "[postgres][failing]") {
  const Database database;
  database.execute(
      "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY, payload text, sent_at timestamptz, "
      "PRIMARY KEY (id)) PARTITION BY RANGE (id); "
      "CREATE TABLE low PARTITION OF outbox FOR VALUES FROM (0) TO (2)");
  database.execute("INSERT INTO outbox (payload) VALUES ('published')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  database.execute("CREATE TABLE high PARTITION OF outbox FOR VALUES FROM (2) TO (1000)");
  database.execute("INSERT INTO outbox (payload) VALUES ('next')");
  CHECK(failure_of([&] { relay.fetch(); }).remedy == core::Remedy::rebuild);
  relay.open();
  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 1);
  CHECK(payloads(relay.fetch().page) == std::vector<std::string>{"next"});
}

TEST_CASE("a table that is gone is missing, and found again when it is back", "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  Relay relay{database.plain_settings()};
  relay.open();
  relay.fetch();
  database.execute("ALTER TABLE outbox RENAME TO away");
  const auto failure = failure_of([&] { relay.fetch(); });
  CHECK(failure.reason == core::Reason::missing);
  CHECK(failure.remedy == core::Remedy::operate);
  database.execute("ALTER TABLE away RENAME TO outbox");
  relay.open();
  CHECK(relay.fetch().page.rows.empty());
}

TEST_CASE("a server that stops and starts is found again", "[postgres][failing]") {
  PostgresServer server;
  const Database database{server};
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('a')");
  Relay relay{database.plain_settings()};
  relay.open();
  server.stop();
  CHECK(failure_of([&] { relay.fetch(); }).remedy == core::Remedy::rebuild);
  const auto away = failure_of([&] { relay.open(); });
  CHECK(away.reason == core::Reason::connection);
  CHECK(away.remedy == core::Remedy::rebuild);
  server.start();
  relay.open();
  CHECK(relay.fetch().page.rows.size() == 1);
}

TEST_CASE("close ends what is under way", "[postgres][failing]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES ('a')");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch()};
  const auto other = database.client();
  other->execute("BEGIN; SELECT * FROM outbox FOR UPDATE");
  boost::asio::steady_timer soon{relay.context(), 50ms};
  soon.async_wait([&](boost::system::error_code) { relay.close(); });
  CHECK(failure_of([&] { relay.complete(page.rows()); }).remedy == core::Remedy::rebuild);
  CHECK(failure_of([&] { relay.fetch(); }).remedy == core::Remedy::rebuild);
  other->execute("ROLLBACK");
  relay.open();
  page.distrust_places();
  // Nobody can tell whether the statement that was dropped did it, or this one; it is done.
  CHECK(relay.complete(page.rows()) <= 1);
  CHECK(relay.fetch().page.rows.empty());
}
