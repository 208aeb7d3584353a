// What the columns of a row become.
#include <chrono>

#include "fixture.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;
using namespace std::string_view_literals;

namespace {

/// Each value both ways: as a page of small rows is fetched, and as one whose sizes are summed up.
core::FetchRequest either_form() {
  auto request = everything();
  if (GENERATE(false, true)) request.max_bytes = core::Bytes{64 << 10};
  return request;
}

}  // namespace

TEST_CASE("payloads arrive as they are, NULL apart from empty", "[postgres][values]") {
  const Database database;
  struct Case {
    std::string type;
    std::string literal;
    core::Value payload;
  };
  const auto example = GENERATE(
      Case{"bytea", "'\\x00ff80c3'", "\x00\xff\x80\xc3"sv}, Case{"bytea", "''", ""sv},
      Case{"bytea", "NULL", std::nullopt}, Case{"text", "'gr\u00fc\u00dfe'", "gr\u00fc\u00dfe"sv},
      Case{"text", "''", ""sv}, Case{"text", "NULL", std::nullopt}, Case{"varchar(10)", "'a b'", "a b"sv},
      Case{"char(4)", "'ab'", "ab"sv}, Case{"json", "'{\"b\" : 1,  \"a\":2}'", "{\"b\" : 1,  \"a\":2}"sv},
      Case{"jsonb", "'{\"b\" : 1,  \"a\":2}'", "{\"a\": 2, \"b\": 1}"sv},
      Case{"jsonb", "NULL", std::nullopt});
  database.execute("CREATE TABLE outbox (id bigserial PRIMARY KEY, payload " + example.type +
                   ", sent_at timestamptz)");
  database.execute("INSERT INTO outbox (payload) VALUES (" + example.literal + ")");
  Relay relay{database.plain_settings()};
  relay.open();
  Published page{relay.fetch(either_form())};
  REQUIRE(page.rows().size() == 1);
  CHECK(page.rows()[0]->row->payload == example.payload);
  page.distrust_places();
  CHECK(relay.complete(page.rows()) == 1);
}

TEST_CASE("a row of the preset's table arrives with everything in it", "[postgres][values]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute(
      "INSERT INTO outbox (message_id, aggregatetype, aggregateid, type, payload, headers, created_at) "
      "VALUES "
      "('01234567-89ab-cdef-0123-456789abcdef', 'order', 'k1', 'created', 'p', '{\"h\": \"v\"}', '2026-11-22 "
      "10:00:00.25+00'),"
      "('01234567-89ab-cdef-0123-456789abcdf0', '', NULL, '', NULL, NULL, 'infinity')");
  Relay relay{database.settings(), {"aggregatetype", "type", "message_id", "attempts", "aggregateid"}};
  relay.open();
  const auto fetched = relay.fetch(either_form());
  REQUIRE(fetched.page.rows.size() == 2);

  const auto& full = fetched.page.rows[0];
  CHECK(full.id == core::RowId{1});
  CHECK(full.message_id == "01234567-89ab-cdef-0123-456789abcdef");
  CHECK(full.key == "k1");
  CHECK(full.payload == "p");
  CHECK(full.headers == "{\"h\": \"v\"}");
  using namespace std::chrono;
  CHECK(full.created_at == core::DatabaseTime{sys_days{2026y / 11 / 22}} + 10h + 250ms);
  REQUIRE(full.attributes.size() == 5);
  CHECK(full.attributes[0] == "order");
  CHECK(full.attributes[1] == "created");
  CHECK(full.attributes[2] == "01234567-89ab-cdef-0123-456789abcdef");
  CHECK(full.attributes[3] == "0");
  CHECK(full.attributes[4] == "k1");

  const auto& bare = fetched.page.rows[1];
  CHECK_FALSE(bare.key.has_value());
  CHECK_FALSE(bare.payload.has_value());
  CHECK_FALSE(bare.headers.has_value());
  CHECK_FALSE(bare.created_at.has_value());
  CHECK(bare.attributes[0] == "");
  CHECK_FALSE(bare.attributes[4].has_value());
}

TEST_CASE("the id is the message id where there is no other", "[postgres][values]") {
  const Database database;
  const std::string type = GENERATE(as<std::string>{}, "smallserial", "serial", "bigserial");
  database.execute("CREATE TABLE outbox (id " + type +
                   " PRIMARY KEY, message_id text, payload text, sent_at timestamptz)");
  database.execute("INSERT INTO outbox (message_id) VALUES ('m'), (NULL)");
  auto settings = database.plain_settings();
  const bool is_named = GENERATE(false, true);
  if (is_named) settings.table.message_id = "message_id";
  Relay relay{settings};
  CHECK(relay.open().ids_from_sequence);
  const auto page = relay.fetch(either_form()).page;
  CHECK(page.rows[0].message_id == (is_named ? "m" : "1"));
  CHECK(page.rows[1].message_id == "2");
}

TEST_CASE("keys of any type are the bytes of their text", "[postgres][values]") {
  const Database database;
  struct Case {
    std::string type;
    std::string literal;
    std::string_view key;
  };
  const auto example = GENERATE(
      Case{"integer", "-7", "-7"}, Case{"numeric", "1.50", "1.50"}, Case{"bytea", "'\\xff00'", "\xff\x00"sv},
      Case{"uuid", "'01234567-89AB-cdef-0123-456789abcdef'", "01234567-89ab-cdef-0123-456789abcdef"},
      Case{"mood", "'fine'", "fine"}, Case{"short", "'ab'", "ab"},
      Case{"date", "'2026-11-22'", "2026-11-22"});
  database.execute("CREATE TYPE mood AS ENUM ('fine'); CREATE DOMAIN short AS varchar(5)");
  database.execute("CREATE TABLE outbox (id bigserial PRIMARY KEY, key " + example.type +
                   ", payload text, sent_at timestamptz)");
  database.execute("INSERT INTO outbox (key) VALUES (" + example.literal + ")");
  auto settings = database.plain_settings();
  settings.table.key = "key";
  Relay relay{settings};
  relay.open();
  CHECK(relay.fetch(either_form()).page.rows[0].key == example.key);
}

TEST_CASE("a timestamp without time zone counts as UTC, whatever the server's zone", "[postgres][values]") {
  const Database database;
  database.execute("ALTER DATABASE " + database.name() + " SET timezone = 'America/New_York'");
  database.execute(
      "CREATE TABLE outbox (id bigserial PRIMARY KEY, payload text, sent_at timestamp, created_at timestamp);"
      "INSERT INTO outbox (created_at) VALUES ('1999-12-31 23:59:59')");
  auto settings = database.plain_settings();
  settings.table.created_at = "created_at";
  Relay relay{settings};
  relay.open();
  using namespace std::chrono;
  Published page{relay.fetch(either_form())};
  CHECK(page.rows()[0]->row->created_at == core::DatabaseTime{sys_days{2000y / 1 / 1}} - 1s);
  relay.complete(page.rows());
  CHECK(database.value(
            "SELECT abs(extract(epoch FROM (now() AT TIME ZONE 'UTC') - sent_at)) < 60 FROM outbox") == "t");
}

TEST_CASE("names may hold anything that PostgreSQL takes", "[postgres][values]") {
  const Database database;
  database.execute(
      "CREATE SCHEMA \"We\"\"ird\"; CREATE TABLE \"We\"\"ird\".\"out.box \u00e4\" (\"Id\" bigint GENERATED "
      "ALWAYS AS IDENTITY"
      " PRIMARY KEY, \"pay;load\" text, \"sent'at\" timestamptz, \"select\" text);"
      "INSERT INTO \"We\"\"ird\".\"out.box \u00e4\" (\"pay;load\", \"select\") VALUES ('p', 's')");
  auto settings = database.plain_settings();
  settings.table.schema = "We\"ird";
  settings.table.name = "out.box \u00e4";
  settings.table.id = "Id";
  settings.table.payload = "pay;load";
  settings.table.sent = "sent'at";
  Relay relay{settings, {"select"}};
  CHECK(relay.open().last_drawn == 1);
  Published page{relay.fetch(either_form())};
  CHECK(page.rows()[0]->row->payload == "p");
  CHECK(page.rows()[0]->row->attributes[0] == "s");
  CHECK(relay.survey({0, 1, 10}).gaps.empty());
  CHECK(relay.complete(page.rows()) == 1);
}
