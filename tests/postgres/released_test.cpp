// What a start learns of parked rows, and how a relay notices that somebody has put some back.
#include "fixture.h"
#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;

namespace {

/// Rows 1 to 6 of an outbox: 1 sent, 2 refused, 3 behind it, 4 refused, 5 parked by hand, 6 pending.
void make_outbox(const Database& database) {
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers) SELECT 'a' || i, CASE WHEN i "
      "<> 4"
      " THEN 'k' || i END, 't', 'p', '{}' FROM generate_series(1, 6) i;"
      "UPDATE outbox SET sent_at = now() WHERE id = 1;"
      "UPDATE outbox SET parked_at = now(), last_error = 'too_large: no' WHERE id IN (2, 4);"
      "UPDATE outbox SET parked_at = now(), last_error = 'behind 2' WHERE id = 3;"
      "UPDATE outbox SET parked_at = now() WHERE id = 5");
}

std::string told(const std::vector<core::Released>& released) {
  std::string text;
  for (const auto& row : released) {
    text += row.id.to_string() + (row.is_pending ? " pending\n" : " done\n");
  }
  return text;
}

}  // namespace

TEST_CASE("a start learns the refused rows with their keys, and not those behind them",
          "[postgres][released]") {
  const Database database;
  make_outbox(database);
  Relay relay{database.settings(), {"aggregatetype"}};
  const auto parked = relay.open().parked;
  REQUIRE(ids(parked) == std::vector<std::int64_t>{2, 4, 5});
  CHECK(parked.rows[0].key == "k2");
  CHECK(parked.rows[0].attributes[0] == "a2");
  CHECK_FALSE(parked.rows[0].payload);
  CHECK_FALSE(parked.rows[0].headers);
  CHECK_FALSE(parked.rows[1].key);
  CHECK(parked.rows[2].attributes[0] == "a5");
}

TEST_CASE("a key of any type is the one that a fetch would read", "[postgres][released]") {
  const Database database;
  const std::string type = GENERATE(as<std::string>{}, "bytea", "uuid", "integer", "jsonb");
  const std::string key = type == "uuid" ? "01900000-0000-7000-8000-000000000001" : "17";
  database.execute("CREATE TABLE outbox (id bigserial PRIMARY KEY, key " + type +
                   ", payload text, sent_at timestamptz, parked_at timestamptz, attempts int, last_error "
                   "text); CREATE INDEX ON outbox (id) WHERE parked_at IS NOT NULL; INSERT INTO "
                   "outbox (key, payload) VALUES ('" +
                   key + "', 'p')");
  auto settings = database.settings();
  settings.table.message_id.reset();
  settings.table.headers.reset();
  settings.table.created_at.reset();
  settings.table.key = "key";
  Relay relay{settings};
  relay.open();
  const auto fetched = relay.fetch();
  database.execute("UPDATE outbox SET parked_at = now()");
  const auto parked = relay.open().parked;
  REQUIRE(parked.rows.size() == 1);
  CHECK(parked.rows[0].key == fetched.page.rows[0].key);
  CHECK(parked.rows[0].key == key);
}

TEST_CASE("rows that are not parked any more are told, with what they are now", "[postgres][released]") {
  const Database database;
  make_outbox(database);
  Relay relay{database.settings()};
  relay.open();
  const std::vector<core::RowId> parked{core::RowId{2}, core::RowId{4}, core::RowId{5}};
  CHECK(told(relay.find_released(parked)).empty());
  CHECK(told(relay.find_released({})).empty());

  database.execute("UPDATE outbox SET parked_at = NULL WHERE id = 4");
  CHECK(told(relay.find_released(parked)) == "4 pending\n");
  database.execute(
      "UPDATE outbox SET parked_at = NULL, sent_at = now() WHERE id = 2; DELETE FROM outbox WHERE id = 5");
  CHECK(told(relay.find_released(parked)) == "2 done\n4 pending\n5 done\n");
}

TEST_CASE("rows behind one that somebody deleted, or took out by hand, are pending again",
          "[postgres][released]") {
  const Database database;
  database.deploy("outbox.sql");
  database.deploy("control.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, parked_at, last_error) VALUES ('a', 't', now(), 'other: no'),"
      " ('a', 't', now(), 'behind 1'), ('a', 't', now(), 'other: no'), ('a', 't', now(), 'behind 3'),"
      " ('a', 't', now(), 'behind 3'), ('a', 't', now(), 'behind 1')");
  auto settings = database.settings();
  settings.control_schema = "outbox_relay";
  Relay relay{settings};
  CHECK(relay.open().parked.rows.size() == 2);
  relay.save_watermark(6);
  const auto change = GENERATE(as<std::string>{}, "DELETE FROM outbox WHERE id = 3",
                               "UPDATE outbox SET parked_at = NULL, sent_at = now() WHERE id = 3");
  const auto held = [&] {
    return database.value(
        "SELECT string_agg(id::text, ',' ORDER BY id) FROM outbox WHERE last_error LIKE 'behind %'");
  };
  SECTION("while the relay runs") {
    database.execute(change);
    CHECK(held() == "2,4,5,6");
    CHECK(told(relay.find_released(std::vector{core::RowId{1}, core::RowId{3}})) == "3 done\n");
  }
  SECTION("before it starts") {
    relay.close();
    database.execute(change);
    CHECK(relay.open().watermark == 3);
  }
  CHECK(held() == "2,6");
  CHECK(ids(relay.fetch().page) == std::vector<std::int64_t>{4, 5});
}

TEST_CASE("more parked rows than can be watched are a person's business", "[postgres][released]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, parked_at) SELECT 'a', 't', now() FROM generate_series(1, "
      "100000)");
  Relay relay{database.settings()};
  CHECK(relay.open().parked.rows.size() == 100'000);
  database.execute("INSERT INTO outbox (aggregatetype, type, parked_at) VALUES ('a', 't', now())");
  SECTION("too many rows") {}
  SECTION("too many bytes") {
    database.execute(
        "DELETE FROM outbox WHERE id > 70; ALTER TABLE outbox ALTER aggregateid SET STORAGE "
        "EXTERNAL; UPDATE outbox SET aggregateid = repeat('k', 1000000)");
  }
  const auto failure = failure_of([&] { relay.open(); });
  CHECK(failure.remedy == core::Remedy::operate);
  CHECK(failure.message ==
        "more rows of table \"public\".\"outbox\" are parked than can be watched (100000 rows, or 64 MiB of "
        "keys)");
  CHECK(failure.hint ==
        "find out why, then requeue or discard them: outbox-relay parked list|requeue|discard");
  // Rows that are only held are not remembered.
  database.execute("UPDATE outbox SET last_error = 'behind 1' WHERE id > 1");
  CHECK(relay.open().parked.rows.size() == 1);
}

TEST_CASE("a start begins below the rows that were put back", "[postgres][released]") {
  const Database database;
  make_outbox(database);
  database.deploy("control.sql");
  auto settings = database.settings();
  settings.control_schema = "outbox_relay";
  Relay relay{settings};
  relay.open();
  relay.save_watermark(5);
  database.execute("UPDATE outbox_relay.watermark SET requeued_from = 4");

  SECTION("and that costs one start, which loses nothing when it is cut short") {
    CHECK(relay.open().watermark == 3);
    CHECK(relay.open().watermark == 3);
    relay.save_watermark(6);
    CHECK(relay.open().watermark == 6);
  }
  SECTION("whatever was saved meanwhile by a relay that has not noticed them") {
    relay.save_watermark(6);
    relay.save_watermark(2);  // low for a reason of its own: an open gap
    relay.save_watermark(6);
    CHECK(relay.open().watermark == 3);
  }
  SECTION("not above the watermark, where it is the lower one") {
    relay.save_watermark(2);
    CHECK(relay.open().watermark == 2);
  }
  SECTION("not where no watermark is known: then it looks through the whole outbox") {
    database.execute("UPDATE outbox_relay.watermark SET watermark = NULL");
    CHECK_FALSE(relay.open().watermark);
    relay.save_watermark(6);
    CHECK(relay.open().watermark == 6);
  }
  SECTION("whichever relay leads: one that has lost the lead takes nothing from the other's next start") {
    relay.close();
    REQUIRE(eventually([&] { return relay.take_lead(); }));
    database.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND database = "
        "(SELECT oid FROM pg_database WHERE datname = current_database())");
    CHECK_THROWS_AS(run_on(relay.context(), relay.source().open()), core::FailureError);
    CHECK(database.value("SELECT requeued_from FROM outbox_relay.watermark") == "4");
    CHECK(relay.open().watermark == 3);
  }
}

TEST_CASE("a control schema of an earlier version is completed by running control.sql again",
          "[postgres][released]") {
  const Database database;
  make_outbox(database);
  database.execute(
      "CREATE SCHEMA outbox_relay; CREATE TABLE outbox_relay.watermark (table_schema text, table_name text, "
      "table_oid oid NOT NULL, system_identifier bigint NOT NULL, timeline integer NOT NULL, watermark "
      "bigint, "
      "saved_at timestamptz NOT NULL DEFAULT now(), PRIMARY KEY (table_schema, table_name))");
  auto settings = database.settings();
  settings.control_schema = "outbox_relay";
  Relay relay{settings};
  relay.open();
  REQUIRE(relay.notices().size() == 1);
  CHECK(relay.notices()[0] ==
        "table \"outbox_relay\".\"watermark\" has no column requeued_from, run deploy/sql/control.sql again: "
        "no "
        "watermark is saved, each start looks through the whole outbox");
  relay.save_watermark(5);
  CHECK_FALSE(relay.open().watermark);
  database.deploy("control.sql");
  database.deploy("control.sql");
  relay.open();
  relay.save_watermark(5);
  CHECK(relay.open().watermark == 5);
}
