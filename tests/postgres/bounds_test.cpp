// How much one fetch brings: never more bytes than asked for, whatever the sizes of the rows.
#include <algorithm>

#include "fixture.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::testing;

namespace {

constexpr std::size_t megabyte = 1 << 20;

/// Bytes that the relay's backend has sent to us cannot be asked for, but what it would send is what lies in
/// the page.
std::size_t payload_bytes(const core::Page& page) {
  std::size_t bytes = 0;
  for (const auto& row : page.rows) bytes += row.payload ? row.payload->size() : 0;
  return bytes;
}

core::FetchRequest up_to_bytes(std::size_t bytes, std::optional<core::RowId> after = std::nullopt) {
  auto request = everything();
  request.max_bytes = core::Bytes{bytes};
  request.after = std::move(after);
  return request;
}

}  // namespace

TEST_CASE("ten payloads of 10 MB come in pages that keep to the limit", "[postgres][bounds]") {
  const Database database;
  const std::string type = GENERATE(as<std::string>{}, "bytea", "text", "jsonb", "json");
  database.execute("CREATE TABLE outbox (id bigserial PRIMARY KEY, payload " + type +
                   ", sent_at timestamptz)");
  const std::string large = type == "bytea"  ? "convert_to(repeat(md5(i::text), 327680), 'UTF8')"
                            : type == "text" ? "repeat(md5(i::text), 327680)"
                                             : "('\"' || repeat(md5(i::text), 327680) || '\"')::" + type;
  database.execute("INSERT INTO outbox (payload) SELECT " + large + " FROM generate_series(1, 10) i");
  Relay relay{database.plain_settings()};
  relay.open();

  std::size_t rows = 0;
  std::optional<core::RowId> after;
  for (int page = 0; page < 4; ++page) {
    const auto fetched = relay.fetch(up_to_bytes(32 * megabyte, after));
    CHECK(fetched.page.bytes <= core::Bytes{32 * megabyte});
    CHECK(payload_bytes(fetched.page) <= 32 * megabyte);
    rows += fetched.page.rows.size();
    after = fetched.page.rows.back().id;
    REQUIRE(fetched.page.rows.size() == (page < 3 ? 3 : 1));
    CHECK(fetched.cut_before.has_value() == (page < 3));
    if (fetched.cut_before) CHECK(*fetched.cut_before >= core::Bytes{10 * megabyte});
  }
  CHECK(rows == 10);
}

TEST_CASE("a row larger than the limit comes only when it is asked for whole", "[postgres][bounds]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) VALUES (repeat('x', 10 << 20)), ('small')");
  Relay relay{database.plain_settings()};
  relay.open();

  auto request = up_to_bytes(megabyte);
  const auto nothing = relay.fetch(request);
  CHECK(nothing.page.rows.empty());
  REQUIRE(nothing.cut_before);
  CHECK(*nothing.cut_before > core::Bytes{10 * megabyte});

  request.whole_row = true;
  Published alone{relay.fetch(request)};
  REQUIRE(alone.rows().size() == 1);
  CHECK(alone.rows()[0]->row->payload->size() == 10 * megabyte);

  // Behind a large row that came whole, the page says that there is more.
  CHECK(relay.fetch(request).cut_before.has_value());
  alone.distrust_places();
  CHECK(relay.complete(alone.rows()) == 1);
  CHECK(payloads(relay.fetch(request).page) == std::vector<std::string>{"small"});
}

TEST_CASE("one large row among small ones costs nothing but its turn", "[postgres][bounds]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute(
      "INSERT INTO outbox (payload) SELECT CASE WHEN i = 50 THEN repeat('x', 1 << 20) ELSE i::text END"
      " FROM generate_series(1, 100) i");
  Relay relay{database.plain_settings()};
  relay.open();
  const auto fetched = relay.fetch();  // 32 MB: it fits
  REQUIRE(fetched.page.rows.size() == 100);
  CHECK(fetched.page.rows[49].payload->size() == megabyte);
  CHECK_FALSE(fetched.cut_before);
}

TEST_CASE("the limit holds for gaps and for what lies above them together", "[postgres][bounds]") {
  const Database database;
  database.execute(plain_outbox);
  database.execute("INSERT INTO outbox (payload) SELECT repeat('x', 100000) FROM generate_series(1, 40) i");
  Relay relay{database.plain_settings()};
  relay.open();
  auto request = up_to_bytes(megabyte, core::RowId{20});
  request.gaps = {{3, 3}, {5, 9}};
  const auto fetched = relay.fetch(request);
  CHECK(fetched.rows_in_gaps == 6);
  CHECK(fetched.page.rows.size() == 10);
  CHECK(fetched.page.rows[6].id == core::RowId{21});
  CHECK(fetched.page.bytes <= core::Bytes{megabyte});
  CHECK(fetched.cut_before.has_value());
}

TEST_CASE("every column counts, not the payload alone", "[postgres][bounds]") {
  const Database database;
  database.deploy("outbox.sql");
  database.execute("ALTER TABLE outbox ADD tags text[]");
  const std::string column = GENERATE(as<std::string>{}, "aggregateid", "headers", "type", "tags");
  const std::string value = column == "headers" ? "jsonb_build_object('h', repeat(md5(i::text), 32768))"
                            : column == "tags"  ? "ARRAY[repeat(md5(i::text), 32768)]"
                                                : "repeat(md5(i::text), 32768)";
  database.execute(
      "INSERT INTO outbox (aggregatetype, type) SELECT 'a', 't' FROM generate_series(1, 20);"
      "UPDATE outbox o SET " +
      column + " = (SELECT " + value + " FROM (SELECT o.id AS i) s)");
  Relay relay{database.settings(), {"type", "tags"}};
  relay.open();
  const auto fetched = relay.fetch(up_to_bytes(4 * megabyte));
  CHECK(fetched.page.rows.size() == 3);
  CHECK(fetched.cut_before.has_value());
}

TEST_CASE("compressed json is counted by its text", "[postgres][bounds]") {
  const Database database;
  database.execute("CREATE TABLE outbox (id bigserial PRIMARY KEY, payload jsonb, sent_at timestamptz)");
  // 1 MB each, stored in some 12 kB.
  database.execute(
      "INSERT INTO outbox (payload) SELECT to_jsonb(repeat('x', 1 << 20)) FROM generate_series(1, 100)");
  REQUIRE(database.value("SELECT max(pg_column_size(payload)) < 20000 FROM outbox") == "t");
  Relay relay{database.plain_settings()};
  relay.open();
  auto request = up_to_bytes(8 * megabyte);
  request.max_rows = 100;
  const auto fetched = relay.fetch(request);
  CHECK(fetched.page.rows.size() == 7);
  CHECK(fetched.page.bytes <= core::Bytes{8 * megabyte});
  CHECK(fetched.cut_before.has_value());
}

TEST_CASE("many json numbers take less text than their stored form, and still come", "[postgres][bounds]") {
  const Database database;
  database.execute(
      "CREATE TABLE outbox (id bigserial PRIMARY KEY, payload jsonb, sent_at timestamptz);"
      "ALTER TABLE outbox ALTER payload SET STORAGE EXTERNAL;"
      "INSERT INTO outbox (payload) SELECT (SELECT jsonb_agg(1) FROM generate_series(1, 10000))"
      " FROM generate_series(1, 50)");
  Relay relay{database.plain_settings()};
  relay.open();
  std::size_t rows = 0;
  std::optional<core::RowId> after;
  for (bool more = true; more;) {
    const auto fetched = relay.fetch(up_to_bytes(megabyte, after));
    REQUIRE_FALSE(fetched.page.rows.empty());
    rows += fetched.page.rows.size();
    after = fetched.page.rows.back().id;
    more = fetched.cut_before.has_value();
  }
  CHECK(rows == 50);
}
