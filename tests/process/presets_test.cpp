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
    shop_.execute_file("from_debezium.sql");
    shop_.kafka().create_topic(topic_, partitions);
  }

  /// `rows` is what follows VALUES, without the columns of the relay.
  std::vector<ConsumedRecord> records_of(const std::string& columns, const std::string& rows,
                                         const std::string& further_lines = "") {
    shop_.execute("INSERT INTO outboxevent (id, aggregatetype, aggregateid, type, " + columns + ") VALUES " +
                  rows);
    shop_.start(example_outboxes("debezium.yaml") + further_lines);
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
      created_at: at
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

// As the Eventuate CDC service makes records: https://github.com/eventuate-foundation/eventuate-cdc,
// MessageWithDestination.toJson (a Jackson ObjectMapper, an ImmutableMap of payload and headers) and
// MessageWithDestinationPublishingStrategy.partitionKeyFor. The table is that of
// https://github.com/eventuate-foundation/eventuate-common, postgres/2.initialize-database.sql, and
// eventuate-common-flyway for the index.
TEST_CASE("the preset eventuate writes what Eventuate's consumers read") {
  Shop shop;
  shop.execute(R"(
      CREATE SCHEMA eventuate;
      CREATE TABLE eventuate.message (id VARCHAR(1000) PRIMARY KEY, destination TEXT NOT NULL,
        headers TEXT NOT NULL, payload TEXT NOT NULL, published SMALLINT DEFAULT 0, creation_time BIGINT);
      CREATE INDEX message_published_idx ON eventuate.message (published, id);
      INSERT INTO eventuate.message VALUES ('old', 'com.example.shop.Customer', '{"ID":"old"}', '{}', 1, 0);)");
  shop.execute_file("eventuate.sql");
  shop.execute(R"(
      INSERT INTO eventuate.message (id, destination, headers, payload, published, creation_time) VALUES
      ('0000018a-1', 'com.example.shop.Customer',
       '{"PARTITION_ID":"7","ID":"0000018a-1","event-type":"Created","DATE":"Sat, 28 Nov 2026 15:00:00 GMT"}',
       '{"name":"Fräulein \"S\\"}', 0, 1795878000000),
      ('0000018a-2', 'customerService', '{"ID":"0000018a-2"}', E'line\nbreak', 0, 1795878000001))");
  shop.kafka().create_topic("com.example.shop.Customer");
  shop.kafka().create_topic("customerService");
  shop.start(example_outboxes("eventuate.yaml"));
  REQUIRE(eventually(
      [&shop] { return shop.value("SELECT count(*) FROM eventuate.message WHERE published = 0") == "0"; }));
  check_records(
      shop.kafka().consume_all("com.example.shop.Customer"),
      {{"7",
        R"({"payload":"{\"name\":\"Fräulein \\\"S\\\\\"}","headers":{"PARTITION_ID":"7","ID":"0000018a-1",)"
        R"("event-type":"Created","DATE":"Sat, 28 Nov 2026 15:00:00 GMT"}})",
        {{"message-id", "0000018a-1"}}}});
  check_records(shop.kafka().consume_all("customerService"),
                {{"0000018a-2",
                  R"({"payload":"line\nbreak","headers":{"ID":"0000018a-2"}})",
                  {{"message-id", "0000018a-2"}}}});
}

TEST_CASE("rows go out as CloudEvents, with what they have a value for") {
  Shop shop;
  const std::string topic = "orders.cloud";
  shop.kafka().create_topic(topic);
  shop.execute(R"(
      INSERT INTO outbox (message_id, aggregatetype, aggregateid, type, payload, headers, created_at) VALUES
      ('00000000-0000-0000-0000-0000000000c1', 'cloud', 'k-1', 'Created', '{"a":1}',
       '{"ce_traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01", "ce_time": "another"}',
       '2026-01-02 03:04:05.678901Z'),
      ('00000000-0000-0000-0000-0000000000c2', 'cloud', NULL, 'Deleted', NULL, NULL, 'infinity'))");
  shop.start(example_outboxes("cloudevents.yaml"));
  REQUIRE(shop.is_relayed());
  check_records(shop.kafka().consume_all(topic),
                {{"k-1",
                  R"({"a":1})",
                  {{"ce_id", "00000000-0000-0000-0000-0000000000c1"},
                   {"ce_specversion", "1.0"},
                   {"ce_time", "2026-01-02T03:04:05.678Z"},
                   {"ce_source", "/shop/orders"},
                   {"ce_type", "com.example.shop.Created"},
                   {"ce_subject", "k-1"},
                   {"content-type", "application/json"},
                   {"ce_traceparent", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}},
                  0,
                  1767323045678ms},
                 {std::nullopt,
                  std::nullopt,
                  {{"ce_id", "00000000-0000-0000-0000-0000000000c2"},
                   {"ce_specversion", "1.0"},
                   {"ce_source", "/shop/orders"},
                   {"ce_type", "com.example.shop.Deleted"},
                   {"content-type", "application/json"}}}});
}

TEST_CASE("a trace goes on unchanged, from the headers column and from columns of its own") {
  static constexpr auto parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  static constexpr auto state = "congo=t61rcWkgMzE,rojo=00f067aa0ba902b7";
  Shop shop;
  shop.execute(std::string("INSERT INTO outbox (message_id, aggregatetype, type, headers) VALUES "
                           "('00000000-0000-0000-0000-0000000000d1', 'invoice', 'T', '{\"traceparent\": \"") +
               parent + "\", \"tracestate\": \"" + state + "\"}')");
  shop.execute(std::string(R"(
      CREATE SCHEMA shop;
      CREATE TABLE shop."OutgoingMessage" ("Id" bigserial PRIMARY KEY, "Uuid" uuid NOT NULL, "EntityId" text,
        "Body" json, "CreatedAt" timestamptz, "Processed" boolean NOT NULL DEFAULT false, "Topic" text NOT NULL,
        "Traceparent" text, "Tracestate" text);
      GRANT USAGE ON SCHEMA shop TO outbox_relay;
      GRANT SELECT, UPDATE ON shop."OutgoingMessage" TO outbox_relay;
      GRANT SELECT ON SEQUENCE shop."OutgoingMessage_Id_seq" TO outbox_relay;
      INSERT INTO shop."OutgoingMessage" ("Uuid", "EntityId", "Body", "Topic", "Traceparent", "Tracestate") VALUES
      ('00000000-0000-0000-0000-0000000000d2', 'e', '{ "as":"written"}', 'shipments.eu', ')") +
               parent + "', '" + state + R"('),
      ('00000000-0000-0000-0000-0000000000d3', 'e', NULL, 'shipments.eu', NULL, NULL))");
  shop.kafka().create_topic("shipments.eu");
  shop.start(orders_outbox(shop.topic()) + example_outboxes("own-table.yaml"));
  REQUIRE(shop.is_relayed());
  REQUIRE(eventually([&shop] {
    return shop.value(R"(SELECT count(*) FROM shop."OutgoingMessage" WHERE NOT "Processed")") == "0";
  }));
  const auto records = shop.records();
  REQUIRE(records.size() == 1);
  CHECK(records[0].headers == Headers{{"message-id", "00000000-0000-0000-0000-0000000000d1"},
                                      {"event-type", "T"},
                                      {"tracestate", state},
                                      {"traceparent", parent}});
  check_records(shop.kafka().consume_all("shipments.eu"),
                {{"e",
                  R"({ "as":"written"})",
                  {{"message-id", "00000000-0000-0000-0000-0000000000d2"},
                   {"traceparent", parent},
                   {"tracestate", state}}},
                 {"e", std::nullopt, {{"message-id", "00000000-0000-0000-0000-0000000000d3"}}}});
}

TEST_CASE("names may be anything that PostgreSQL takes, from the configuration to the record") {
  Shop shop;
  const std::string topic = shop.database() + ".odd";
  shop.kafka().create_topic(topic);
  shop.execute(R"(
      CREATE SCHEMA "Odd.""Schema""";
      CREATE TABLE "Odd.""Schema"""."out.box; ä" ("select" bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
        "Pay""load" text, "sent'at $1" timestamptz, "{" text, "to.pic" text, "parked at" timestamptz,
        "ATTEMPTS" int NOT NULL DEFAULT 0, "last\error" text);
      CREATE INDEX ON "Odd.""Schema"""."out.box; ä" ("select") WHERE "parked at" IS NOT NULL;
      GRANT USAGE ON SCHEMA "Odd.""Schema""" TO outbox_relay;
      GRANT SELECT, UPDATE ON "Odd.""Schema"""."out.box; ä" TO outbox_relay;
      GRANT SELECT ON SEQUENCE "Odd.""Schema"""."out.box; ä_select_seq" TO outbox_relay;
      INSERT INTO "Odd.""Schema"""."out.box; ä" ("Pay""load", "{", "to.pic") VALUES ('p', 'k', 'odd'),
        ('refused', 'k', 'no topic'), ('refused', 'k', 'no topic'))");
  shop.start(R"(  - name: orders
    table: '"Odd.""Schema"""."out.box; ä"'
    preset: none
    columns:
      id: select
      payload: Pay"load
      key: "{"
      sent: "sent'at $$1"
      parked_at: parked at
      attempts: ATTEMPTS
      last_error: last\error
    extra_columns: [to.pic]
    topic: ")" +
             shop.database() + R"(.{to.pic}"
    headers: { from: "{to.pic}" }
)");
  REQUIRE(eventually([&shop] {
    return shop.value(R"(SELECT count(*) FROM "Odd.""Schema"""."out.box; ä" WHERE "sent'at $1" IS NULL
                         AND "parked at" IS NULL)") == "0";
  }));
  check_records(shop.kafka().consume_all(topic), {{"k", "p", {{"message-id", "1"}, {"from", "odd"}}}});
  CHECK(shop.value(R"(SELECT string_agg(split_part("last\error", ':', 1), ', ' ORDER BY "select")
                      FROM "Odd.""Schema"""."out.box; ä")") == "invalid_topic, invalid_topic");
  CHECK(shop.command({"parked", "discard"}, {"--all"}).code == 0);
}
