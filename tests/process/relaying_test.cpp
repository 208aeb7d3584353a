#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <set>

#include "shop.h"
#include "support/catch.h"

using namespace outbox_relay::testing;

TEST_CASE("rows come out as records, and the table says so") {
  Shop shop;
  shop.execute(R"(
    INSERT INTO outbox (aggregatetype, aggregateid, type, payload, headers, created_at)
    VALUES ('invoice', 'k1', 'Created', '\x00ff', '{"trace": "t-1", "n": 7, "none": null}', '2026-01-02 03:04:05.678Z'),
           ('invoice', NULL, 'Deleted', NULL,     NULL,                                     '2026-01-02 03:04:06Z'),
           ('invoice', '',   'Emptied', '',       '{}',                                     '2026-01-02 03:04:07Z'))");
  shop.start();
  REQUIRE(shop.is_relayed());

  auto records = shop.records();
  std::ranges::sort(records, {}, &ConsumedRecord::timestamp);
  REQUIRE(records.size() == 3);
  CHECK(records[0].key == "k1");
  CHECK(records[0].value == std::string("\x00\xff", 2));
  CHECK(records[0].timestamp == std::chrono::milliseconds{1767323045678});
  const std::string id = shop.value("SELECT message_id FROM outbox ORDER BY id LIMIT 1");
  // jsonb keeps its keys by length, then by name.
  CHECK(records[0].headers == std::vector<Header>{{"message-id", id},
                                                  {"event-type", "Created"},
                                                  {"n", "7"},
                                                  {"none", std::nullopt},
                                                  {"trace", "t-1"}});
  CHECK_FALSE(records[1].key);
  CHECK_FALSE(records[1].value);
  CHECK(records[2].key == "");
  CHECK(records[2].value == "");
}

TEST_CASE("what was rolled back is not published, what was committed is, once and in order") {
  Shop shop;
  shop.start();
  shop.insert(500);
  shop.execute(
      "BEGIN; INSERT INTO outbox (aggregatetype, type, payload) VALUES ('invoice', 'Never', 'x'); ROLLBACK");
  shop.insert(500);
  REQUIRE(shop.is_relayed());
  const auto records = shop.records();
  CHECK(records.size() == 1000);
  for (const auto& [key, numbers] : numbers_by_key(records)) {
    CHECK(numbers.size() == 100);
    CHECK(std::ranges::is_sorted(numbers));
  }
}

TEST_CASE("a relay that keeps up is silent") {
  Shop shop;
  shop.start();
  shop.insert(1);
  REQUIRE(shop.is_relayed());
  const auto has_said = [&shop](const char* text) {
    return eventually([&shop, text] { return shop.log().find(text) != std::string::npos; });
  };
  REQUIRE(has_said("msg=\"leading: this relay works on the outbox\""));
  REQUIRE(has_said("msg=\"relaying\""));
  const std::string log = shop.log();
  for (int batch = 0; batch < 100; ++batch) shop.insert(batch % 3 * 500 + 1, 50);
  REQUIRE(shop.is_relayed());
  CHECK(shop.log() == log);
}

TEST_CASE("a key goes to the partition where Java producers put it") {
  Shop shop;
  shop.start();
  shop.insert(50, 50);
  REQUIRE(shop.is_relayed());
  for (const ConsumedRecord& record : shop.records()) {
    CHECK(record.partition == rd_kafka_msg_partitioner_murmur2(nullptr, record.key->data(),
                                                               record.key->size(), 4, nullptr, nullptr));
  }
}

TEST_CASE("several outboxes, every kind of id and payload, both ways to complete") {
  Shop shop;
  const std::string prefix = shop.database() + ".";
  for (const char* name : {"marked", "deleted", "uuids", "debezium"})
    shop.kafka().create_topic(prefix + name, 2);
  shop.execute(R"(
    CREATE TABLE marked (id integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY, k bigint, body jsonb, done boolean NOT NULL DEFAULT false, part integer);
    CREATE TABLE deleted (id text PRIMARY KEY, k uuid, body text);
    CREATE TABLE uuids (id uuid PRIMARY KEY, k text, body json);
    CREATE TABLE debezium (seq bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, id uuid NOT NULL, aggregatetype text NOT NULL,
                           aggregateid text NOT NULL, type text NOT NULL, payload jsonb, sent_at timestamptz);
    GRANT SELECT, UPDATE, DELETE ON marked, deleted, uuids, debezium TO outbox_relay;
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA public TO outbox_relay;
    INSERT INTO marked (k, body, part) VALUES (17, '{"a": [1, 2]}', 1), (18, 'null', 0);
    INSERT INTO deleted VALUES ('01ARZ3NDEKTSV4RRFFQ69G5FAV', '6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'grüezi');
    INSERT INTO uuids VALUES ('017f22e2-79b0-7cc3-98c4-dc0c0c07398f', 'k', '{"b" : 1}');
    INSERT INTO debezium (id, aggregatetype, aggregateid, type, payload)
      VALUES ('6ba7b810-9dad-11d1-80b4-00c04fd430c8', 'debezium', '42', 'Paid', '{"c": true}'))");
  const auto own_columns = [](const std::string& sent) {
    return "    preset: none\n    columns: { id: id, key: k, payload: body" + sent + " }\n";
  };
  shop.start("  - name: marked\n    table: public.marked\n    topic: " + prefix +
             "marked\n    partition: part\n    extra_columns: [part]\n" + own_columns(", sent: done") +
             "  - name: deleted\n    table: public.deleted\n    completion: delete\n    topic: " + prefix +
             "deleted\n" + own_columns("") + "    headers: { source: shop }\n" +
             "  - name: uuids\n    table: public.uuids\n    completion: delete\n    topic: " + prefix +
             "uuids\n" + own_columns("") +
             "  - name: debezium\n    table: public.debezium\n    preset: debezium\n    topic: \"" + prefix +
             "{aggregatetype}\"\n");
  const bool all_relayed = eventually([&shop] {
    return shop.value(
               "SELECT (SELECT count(*) FROM marked WHERE NOT done) + (SELECT count(*) FROM deleted) + "
               "(SELECT count(*) FROM uuids) + (SELECT count(*) FROM debezium WHERE sent_at IS NULL)") == "0";
  });
  INFO(shop.log());
  REQUIRE(all_relayed);

  const auto marked = shop.kafka().consume_all(prefix + "marked");
  REQUIRE(marked.size() == 2);
  CHECK(marked[0].partition == 0);
  CHECK(marked[0].value == "null");
  CHECK(marked[1].key == "17");
  CHECK(marked[1].value == R"({"a": [1, 2]})");
  CHECK(marked[1].headers == std::vector<Header>{{"message-id", "1"}});

  const auto deleted = shop.kafka().consume_all(prefix + "deleted");
  REQUIRE(deleted.size() == 1);
  CHECK(deleted[0].key == "6ba7b810-9dad-11d1-80b4-00c04fd430c8");
  CHECK(deleted[0].value == "grüezi");
  CHECK(deleted[0].headers ==
        std::vector<Header>{{"message-id", "01ARZ3NDEKTSV4RRFFQ69G5FAV"}, {"source", "shop"}});

  const auto uuids = shop.kafka().consume_all(prefix + "uuids");
  REQUIRE(uuids.size() == 1);
  CHECK(uuids[0].value == R"({"b" : 1})");

  const auto debezium = shop.kafka().consume_all(prefix + "debezium");
  REQUIRE(debezium.size() == 1);
  CHECK(debezium[0].key == "42");
  CHECK(debezium[0].headers.at(0) == Header{"id", "6ba7b810-9dad-11d1-80b4-00c04fd430c8"});
}

TEST_CASE("metrics agree with the facts, and health with the state") {
  Shop shop;
  shop.insert(250);
  shop.start();
  REQUIRE(shop.is_relayed());
  REQUIRE(eventually([&shop] { return shop.metric_of("rows_completed_total") == 250; }));
  CHECK(shop.metric_of("rows_fetched_total") == 250);
  CHECK(shop.metric_of("records_published_total") == 250);
  CHECK(shop.metric_of("records_redelivered_total") == 0);
  CHECK(shop.metric_of("late_rows_total") == 0);
  CHECK(shop.metric_of("in_flight_rows") == 0);
  CHECK(shop.metric_of("producers_created_total") == 1);
  CHECK(shop.metric_of("connections_opened_total", ",purpose=\"fetch\"") == 1);
  CHECK(eventually([&shop] { return shop.metric_of("state", ",state=\"idle\"") == 1; }));
  CHECK(eventually([&shop] { return shop.metric_of("backlog_rows") == 0; }));
  CHECK(eventually([&shop] { return shop.metric_of("table_dead_rows") >= 0; }));
  CHECK(shop.get("/livez").status == 200);
  CHECK(shop.get("/readyz?verbose").body == "ok\n[+] orders idle: makes progress\n");

  const auto metrics = shop.get("/metrics").body;
  const auto promtool = run({"sh", "-c", "promtool check metrics <<'END'\n" + metrics + "END\n"});
  CHECK(promtool.errors + promtool.output == "");
  CHECK(promtool.code == 0);
}
