// Finding rows: what a fetch returns, and what is known about rows that may still come.
#include <algorithm>
#include <chrono>

#include "fixture.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;

namespace {

std::vector<std::string> writers(Relay& relay) {
  core::FetchRequest request = everything();
  request.read_writers = true;
  return relay.fetch(request).writers.value().transactions;
}

}  // namespace

TEST_CASE("a row that commits late is found in its gap by the next fetch", "[postgres][finding]") {
  const Database database;
  database.execute(plain_outbox);
  Relay relay{database.plain_settings()};
  relay.open();

  const auto late = database.client();
  late->execute("BEGIN; INSERT INTO outbox (payload) VALUES ('late')");
  database.execute("INSERT INTO outbox (payload) VALUES ('early')");
  CHECK(payloads(relay.fetch().page) == std::vector<std::string>{"early"});

  late->execute("COMMIT");
  CHECK(relay.fetch(above(2)).page.rows.empty());
  database.execute("INSERT INTO outbox (payload) VALUES ('next')");
  const auto found = relay.fetch(above(2, {{1, 1}}));
  CHECK(payloads(found.page) == std::vector<std::string>{"late", "next"});
  CHECK(found.rows_in_gaps == 1);
}

TEST_CASE("gaps of any width are read in one statement and come in the order of ids", "[postgres][finding]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 50) i");
  Relay relay{database.plain_settings()};
  relay.open();

  auto request = above(45, {{3, 3}, {10, 14}, {40, 45}});
  auto found = relay.fetch(request);
  CHECK(ids(found.page) ==
        std::vector<std::int64_t>{3, 10, 11, 12, 13, 14, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49, 50});
  CHECK(found.rows_in_gaps == 12);

  request.max_rows = 4;  // of the gaps and of what is above, each
  found = relay.fetch(request);
  CHECK(ids(found.page) == std::vector<std::int64_t>{3, 10, 11, 12, 46, 47, 48, 49});
  CHECK(found.rows_in_gaps == 4);

  request.up_to = core::RowId{47};
  CHECK(ids(relay.fetch(request).page) == std::vector<std::int64_t>{3, 10, 11, 12, 46, 47});
}

TEST_CASE("the highest id is that of any row, and none in an empty table", "[postgres][finding]") {
  const Database database;
  database.execute(
      "CREATE TABLE outbox (id text COLLATE \"C\" PRIMARY KEY, payload text, sent_at timestamptz)");
  Relay relay{database.plain_settings()};
  relay.open();
  auto request = everything();
  request.read_highest = true;
  request.read_writers = true;
  CHECK_FALSE(relay.fetch(request).highest);
  database.execute("INSERT INTO outbox VALUES ('a', '1', NULL), ('b', '2', now())");
  const auto found = relay.fetch(request);
  CHECK(found.highest == core::RowId{"b"});
  CHECK(found.writers.value().transactions.empty());
  CHECK(payloads(found.page) == std::vector<std::string>{"1"});
}

TEST_CASE("a fetch tells the database's time", "[postgres][finding]") {
  const Database database;
  database.execute(plain_outbox);
  Relay relay{database.plain_settings()};
  relay.open();
  const auto clock = [&] {
    return core::DatabaseTime{std::chrono::microseconds{
        std::stoll(database.value("SELECT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint"))}};
  };
  const auto before = clock();
  const auto read_at = relay.fetch().read_at;
  CHECK(before <= read_at);
  CHECK(read_at <= clock());
}

TEST_CASE("rows that are sent or parked are not pending", "[postgres][finding]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (aggregatetype, type, sent_at, parked_at) VALUES ('a', 't', now(), NULL), ('a', "
      "'t', NULL, now()),"
      " ('a', 't', NULL, NULL)");
  Relay relay{database.settings()};
  relay.open();
  CHECK(ids(relay.fetch().page) == std::vector<std::int64_t>{3});
}

TEST_CASE("a writer is seen from its lock to the end of its transaction, even before it draws an id",
          "[postgres][finding]") {
  const Database database;
  database.execute(plain_outbox);
  Relay relay{database.plain_settings()};
  relay.open();
  CHECK(writers(relay).empty());

  const auto writer = database.client();
  SECTION("it has locked the table and drawn nothing yet") {
    writer->execute("BEGIN; LOCK TABLE outbox IN ROW EXCLUSIVE MODE");
    CHECK(writers(relay).size() == 1);
    CHECK(database.value("SELECT is_called FROM outbox_id_seq") == "f");
    writer->execute("COMMIT");
    CHECK(writers(relay).empty());
  }
  SECTION("it has inserted a row") {
    writer->execute("BEGIN; INSERT INTO outbox (payload) VALUES ('a')");
    const auto seen = writers(relay);
    REQUIRE(seen.size() == 1);
    CHECK(seen.front() ==
          writer->value("SELECT virtualtransaction FROM pg_locks WHERE pid = pg_backend_pid() LIMIT 1"));
    writer->execute("COMMIT");
    CHECK(writers(relay).empty());
  }
  SECTION("its savepoint was rolled back: the id it drew there never comes") {
    writer->execute("BEGIN; SAVEPOINT s; INSERT INTO outbox (payload) VALUES ('a'); ROLLBACK TO s");
    CHECK(writers(relay).empty());
    writer->execute("COMMIT");
  }
  SECTION("it only reads") {
    writer->execute("BEGIN; SELECT count(*) FROM outbox");
    CHECK(writers(relay).empty());
    writer->execute("COMMIT");
  }
  SECTION("it waits for its lock, and has drawn nothing") {
    const auto other = database.client();
    other->execute("BEGIN; LOCK TABLE outbox IN SHARE MODE");
    CHECK(writers(relay).empty());
    other->execute("COMMIT");
  }
}

TEST_CASE("a prepared transaction counts as a writer", "[postgres][finding]") {
  PostgresServer server{{"max_prepared_transactions=5"}};
  const Database database{server};
  database.execute(plain_outbox);
  Relay relay{database.plain_settings()};
  relay.open();
  const auto writer = database.client();
  writer->execute("BEGIN; INSERT INTO outbox (payload) VALUES ('a')");
  const auto before = writers(relay);
  writer->execute("PREPARE TRANSACTION 'p'");
  // It keeps the writer's name, or, on older servers, gets one that tells it is prepared.
  const auto now = writers(relay);
  REQUIRE(now.size() == 1);
  CHECK((now == before || core::Writers::is_prepared(now.front())));
  writer->execute("COMMIT PREPARED 'p'");
  CHECK(writers(relay).empty());
}

TEST_CASE("a writer to a partition is a writer to the outbox", "[postgres][finding]") {
  const Database database;
  database.execute(
      "CREATE TABLE outbox (id bigint GENERATED ALWAYS AS IDENTITY, payload text, sent_at timestamptz) "
      "PARTITION BY RANGE (id);"
      "CREATE TABLE low PARTITION OF outbox FOR VALUES FROM (0) TO (100);"
      "CREATE TABLE high PARTITION OF outbox FOR VALUES FROM (100) TO (1000)");
  Relay relay{database.plain_settings()};
  relay.open();
  const auto writer = database.client();
  writer->execute("BEGIN; INSERT INTO high (id, payload) VALUES (100, 'direct')");
  CHECK(writers(relay).size() == 1);
  writer->execute("COMMIT");
  CHECK(writers(relay).empty());
}

TEST_CASE("a survey tells which ids are missing", "[postgres][finding]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute(
      "INSERT INTO outbox (payload) SELECT i::text FROM generate_series(1, 20) i;"
      "DELETE FROM outbox WHERE id IN (1, 2, 7, 12, 13, 19, 20);"
      "UPDATE outbox SET sent_at = now() WHERE id = 5");
  Relay relay{database.plain_settings()};
  relay.open();

  const auto whole = relay.survey({0, 22, 1000});
  CHECK(whole.gaps == std::vector<core::IdRange>{{1, 2}, {7, 7}, {12, 13}, {19, 22}});
  CHECK(whole.surveyed == 22);

  const auto part = relay.survey({4, 22, 5});  // 5, 6, 8, 9, 10
  CHECK(part.gaps == std::vector<core::IdRange>{{7, 7}});
  CHECK(part.surveyed == 10);

  const auto nothing = relay.survey({30, 40, 5});
  CHECK(nothing.gaps == std::vector<core::IdRange>{{31, 40}});
  CHECK(nothing.surveyed == 40);
}

TEST_CASE("ids of other types come in their own order", "[postgres][finding]") {
  const Database database;
  SECTION("text, byte by byte whatever the database's collation says") {
    database.execute(
        "CREATE TABLE outbox (id text PRIMARY KEY, payload text, sent_at timestamptz);"
        "INSERT INTO outbox VALUES ('b', '2'), ('B', '1'), ('\u00e4', '4'), ('c', '3')");
  }
  SECTION("char, as ULIDs are sometimes kept") {
    database.execute(
        "CREATE TABLE outbox (id char(4) PRIMARY KEY, payload text, sent_at timestamptz);"
        "INSERT INTO outbox VALUES ('b', '2'), ('B', '1'), ('d', '4'), ('c', '3')");
  }
  SECTION("uuid") {
    database.execute(
        "CREATE TABLE outbox (id uuid PRIMARY KEY, payload text, sent_at timestamptz);"
        "INSERT INTO outbox VALUES ('a0000000-0000-0000-0000-000000000001', '2'), "
        "('00000000-0000-0000-0000-00000000000f', '1'),"
        " ('a0000000-0000-0000-0000-0000000000f1', '3'), ('f0000000-0000-0000-0000-000000000001', '4')");
  }
  Relay relay{database.plain_settings()};
  CHECK_FALSE(relay.open().ids_from_sequence);
  Published page{relay.fetch()};
  const auto rows = page.rows();
  REQUIRE(rows.size() == 4);
  CHECK(std::ranges::is_sorted(rows, {}, [](const auto* row) { return row->row->id; }));
  CHECK(rows[0]->row->payload == "1");
  CHECK(rows[3]->row->payload == "4");
  CHECK(rows[2]->row->message_id == rows[2]->row->id.to_string());

  auto rest = everything();
  rest.after = rows[1]->row->id;
  CHECK(payloads(relay.fetch(rest).page) == std::vector<std::string>{"3", "4"});
  rest.max_bytes = core::Bytes{4 << 10};  // so little that sizes are summed up
  rest.max_rows = 100;
  CHECK(payloads(relay.fetch(rest).page) == std::vector<std::string>{"3", "4"});

  auto middle = rest;
  middle.up_to = rows[2]->row->id;
  middle.read_highest = true;
  const auto found = relay.fetch(middle);
  CHECK(payloads(found.page) == std::vector<std::string>{"3"});
  CHECK(found.highest == rows[3]->row->id);

  CHECK(relay.complete({rows[0], rows[2]}) == 2);
  CHECK(payloads(relay.fetch().page) == std::vector<std::string>{"2", "4"});
  page.distrust_places();
  CHECK(relay.complete(rows) == 2);
  CHECK(relay.fetch().page.rows.empty());
}
