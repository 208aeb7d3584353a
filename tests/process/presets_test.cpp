// Tables made for other relays, and records as their consumers expect them.
#include <algorithm>
#include <filesystem>

#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;
using namespace std::chrono_literals;

namespace {

using Headers = std::vector<Header>;

/// A record whose bytes another relay wrote for the same row.
struct Golden {
  std::optional<std::string> key;
  std::optional<std::string> value;
  Headers headers;
  int partition = 0;
  std::chrono::milliseconds timestamp{};  ///< zero: when it was published
};

void check_records(const std::vector<ConsumedRecord>& records, const std::vector<Golden>& golden) {
  REQUIRE(records.size() == golden.size());
  for (std::size_t at = 0; at < golden.size(); ++at) {
    CAPTURE(at);
    CHECK(records[at].key == golden[at].key);
    CHECK(records[at].value == golden[at].value);
    CHECK(records[at].headers == golden[at].headers);
    CHECK(records[at].partition == golden[at].partition);
    if (golden[at].timestamp != 0ms) CHECK(records[at].timestamp == golden[at].timestamp);
  }
}

/// A shop whose service has a table of Debezium's, with one row of Debezium's time, and the relay's columns
/// added.
class DebeziumShop {
 public:
  DebeziumShop(const std::string& aggregatetype, const std::string& further_columns, int partitions = 1)
      : topic_("outbox.event." + aggregatetype) {
    shop_.execute(
        "CREATE TABLE outboxevent (id uuid NOT NULL PRIMARY KEY, aggregatetype varchar(255) NOT NULL, "
        "aggregateid varchar(255) NOT NULL, type varchar(255) NOT NULL, " +
        further_columns + ")");
    shop_.execute("INSERT INTO outboxevent VALUES (gen_random_uuid(), '" + aggregatetype +
                  "', '0', 'Debezium''s')");
    shop_.execute_file("debezium.sql");
    shop_.kafka().create_topic(topic_, partitions);
  }

  /// `rows` is what follows VALUES, without the columns of the relay.
  std::vector<ConsumedRecord> records_of(const std::string& columns, const std::string& rows,
                                         const std::string& further_lines = "") {
    shop_.execute("INSERT INTO outboxevent (id, aggregatetype, aggregateid, type, " + columns + ") VALUES " +
                  rows);
    shop_.start("  - name: orders\n    table: public.outboxevent\n    preset: debezium\n" + further_lines);
    REQUIRE(eventually(
        [this] { return shop_.value("SELECT count(*) FROM outboxevent WHERE sent_at IS NULL") == "0"; }));
    return shop_.kafka().consume_all(topic_);
  }

 private:
  Shop shop_;
  std::string topic_;
};

}  // namespace

// The golden records were written by Debezium itself for the same rows:
// debezium-connector-postgres 3.0.0.Final with pgoutput and io.debezium.transforms.outbox.EventRouter under
// Kafka Connect 3.9.0, PostgreSQL 15; key.converter StringConverter, header.converter the default one,
// value.converter as each case says. They are what EventRouterDelegate.apply and Connect's
// SimpleHeaderConverter say:
// https://github.com/debezium/debezium/tree/main/debezium-core/src/main/java/io/debezium/transforms/outbox

TEST_CASE("of a jsonb payload, the preset debezium writes what Debezium writes with StringConverter") {
  DebeziumShop shop{"plain", "payload jsonb"};
  const auto records = shop.records_of("payload", R"(
      ('406c07f3-26f0-4eea-a50c-109940064b8f', 'plain', '1', 'OrderCreated',
       '{"id": 1, "lineItems": [{"item": "Debezium in Action", "totalPrice": 39.980}], "note": null,
         "big": 12345678901234567890, "text": "ä \" \\ \u0001 / €"}'),
      ('A1B2C3D4-0000-4000-8000-00000000000A', 'plain', 'schlüssel', 'OrderDeleted', NULL),
      ('00000000-0000-0000-0000-000000000003', 'plain', '', 'Odd', '"a string"'))");
  check_records(
      records,
      {{"1",
        R"({"id": 1, "big": 12345678901234567890, "note": null, "text": "ä \" \\ \u0001 / €", "lineItems": )"
        R"([{"item": "Debezium in Action", "totalPrice": 39.980}]})",
        {{"id", "406c07f3-26f0-4eea-a50c-109940064b8f"}}},
       {"schlüssel", std::nullopt, {{"id", "a1b2c3d4-0000-4000-8000-00000000000a"}}},
       {"", "\"a string\"", {{"id", "00000000-0000-0000-0000-000000000003"}}}});
}

TEST_CASE("of a bytea payload, the preset debezium writes what Debezium writes with BinaryDataConverter") {
  DebeziumShop shop{"bytes", "payload bytea"};
  const auto records = shop.records_of("payload", R"(
      ('00000000-0000-0000-0000-000000000021', 'bytes', '1', 'T', '\x00ff0a'),
      ('00000000-0000-0000-0000-000000000022', 'bytes', '2', 'T', ''),
      ('00000000-0000-0000-0000-000000000023', 'bytes', '3', 'T', NULL))");
  check_records(records,
                {{"1", std::string("\x00\xff\x0a", 3), {{"id", "00000000-0000-0000-0000-000000000021"}}},
                 {"2", "", {{"id", "00000000-0000-0000-0000-000000000022"}}},
                 {"3", std::nullopt, {{"id", "00000000-0000-0000-0000-000000000023"}}}});
}

TEST_CASE("of a text payload, the preset debezium writes what Debezium writes with StringConverter") {
  DebeziumShop shop{"texts", "payload text"};
  const auto records = shop.records_of("payload", R"(
      ('00000000-0000-0000-0000-000000000031', 'texts', '1', 'T', 'any text, ä'),
      ('00000000-0000-0000-0000-000000000032', 'texts', '2', 'T', ''),
      ('00000000-0000-0000-0000-000000000033', 'texts', '3', 'T', NULL))");
  check_records(records, {{"1", "any text, ä", {{"id", "00000000-0000-0000-0000-000000000031"}}},
                          {"2", "", {{"id", "00000000-0000-0000-0000-000000000032"}}},
                          {"3", std::nullopt, {{"id", "00000000-0000-0000-0000-000000000033"}}}});
}

// table.fields.additional.placement=type:header:eventType,tenant:header,note:header,version:header,flag:header,
// traceparent:header,part:partition and table.field.event.timestamp=at
TEST_CASE("headers, time and partition from columns are those of Debezium's additional placement") {
  DebeziumShop shop{"placed",
                    "payload jsonb, tenant text, note text, version int, flag boolean, traceparent text, at "
                    "timestamp, part int",
                    5};
  const auto records = shop.records_of("payload, tenant, note, version, flag, traceparent, at, part", R"(
      ('00000000-0000-0000-0000-000000000011', 'placed', '1', 'OrderCreated', '{"a": 1}', 'acme', NULL, 7, true,
       '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', '2026-01-02 03:04:05.678901', 3),
      ('00000000-0000-0000-0000-000000000012', 'placed', '2', '', '{}', '', 'n', -1, false, NULL,
       '2026-01-02 03:04:06.5', 0))",
                                       R"(
    columns: { created_at: at }
    extra_columns: [tenant, note, version, flag, traceparent, part]
    headers:
      eventType: "{type}"
      tenant: "{tenant}"
      note: "{note}"
      version: "{version}"
      flag: "{flag}"
      traceparent: "{traceparent}"
    partition: part
)");
  check_records(records, {{"2",
                           "{}",
                           {{"id", "00000000-0000-0000-0000-000000000012"},
                            {"eventType", ""},
                            {"tenant", ""},
                            {"note", "n"},
                            {"version", "-1"},
                            {"flag", "false"},
                            {"traceparent", std::nullopt}},
                           0,
                           1767323046500ms},
                          {"1",
                           R"({"a": 1})",
                           {{"id", "00000000-0000-0000-0000-000000000011"},
                            {"eventType", "OrderCreated"},
                            {"tenant", "acme"},
                            {"note", std::nullopt},
                            {"version", "7"},
                            {"flag", "true"},
                            {"traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},
                           3,
                           1767323045678ms}});
}
