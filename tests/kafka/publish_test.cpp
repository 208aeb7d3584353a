// What a consumer of a real broker sees of the rows that were published.
#include <algorithm>
#include <set>

#include "harness.h"
#include "support/catch.h"
#include "support/servers.h"

using namespace outbox_relay::kafka::testing;
using namespace std::chrono_literals;
using outbox_relay::core::DatabaseTime;
using outbox_relay::core::HeaderRule;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::core::Routing;
using outbox_relay::core::Template;
using outbox_relay::relay::Accepted;
using outbox_relay::testing::ConsumedRecord;
using outbox_relay::testing::Header;
using outbox_relay::testing::KafkaServer;
using outbox_relay::testing::shared_kafka;

namespace {

using Headers = std::vector<Header>;

/// Publishes the rows into a new topic and returns what a consumer reads there.
std::vector<ConsumedRecord> records_of(const std::string& topic, std::vector<TestRow> rows,
                                       Routing routing = {}) {
  shared_kafka().create_topic(topic, 3);
  Harness harness{shared_kafka().bootstrap(), std::move(routing)};
  harness.open_topic(topic);
  for (TestRow& row : rows) REQUIRE(harness.publish(std::move(row)).accepted == Accepted::yes);
  REQUIRE(harness.until_reported());
  REQUIRE(harness.acknowledged() == rows.size());
  return shared_kafka().consume_all(topic);
}

ConsumedRecord record_of(const std::string& topic, TestRow row, Routing routing = {}) {
  const auto records = records_of(topic, {std::move(row)}, std::move(routing));
  REQUIRE(records.size() == 1);
  return records.front();
}

DatabaseTime database_time(std::chrono::milliseconds since_epoch) {
  return DatabaseTime{since_epoch};
}

std::chrono::system_clock::time_point noon() {
  return std::chrono::system_clock::time_point{1'700'000'000'000ms};
}

}  // namespace

TEST_CASE("a row's key, payload and partition are the record's", "[publish]") {
  const auto record = record_of("plain", {.key = "k", .payload = "v", .partition = 2});
  CHECK(record.partition == 2);
  CHECK(record.offset == 0);
  CHECK(record.key == "k");
  CHECK(record.value == "v");
  CHECK(record.headers == Headers{{"message-id", "m"}});
}

TEST_CASE("NULL and empty are told apart", "[publish]") {
  const auto records = records_of("nulls", {{.key = std::nullopt, .payload = std::nullopt},
                                            {.key = "", .payload = ""},
                                            {.key = "tombstone", .payload = std::nullopt}});
  REQUIRE(records.size() == 3);
  CHECK(records[0].key == std::nullopt);
  CHECK(records[0].value == std::nullopt);
  CHECK(records[1].key == "");
  CHECK(records[1].value == "");
  CHECK(records[2].key == "tombstone");
  CHECK(records[2].value == std::nullopt);
}

TEST_CASE("bytes arrive as they are", "[publish]") {
  const std::string bytes{"\xff\xfe\x00\x80\xc3(", 6};
  const auto record = record_of("bytes", {.key = bytes, .payload = bytes});
  CHECK(record.key == bytes);
  CHECK(record.value == bytes);
}

TEST_CASE("headers come as message id, configured ones, the column's", "[publish]") {
  Routing routing;
  routing.columns = {"type", "missing"};
  routing.headers = {{"event-type", Template{{std::size_t{0}}}},
                     {"left-out", Template{{std::size_t{1}}}},
                     {"source", Template{{"shop/", std::size_t{0}}}},
                     {"constant", Template{{"yes"}}}};
  routing.message_id_header = "id";
  const auto record = record_of(
      "headers",
      {.message_id = "42",
       .headers = R"({"a": "1", "id": "not this one", "b": null, "a": "2", "c": {"d": [1]}, "e": ""})",
       .attributes = {"created", std::nullopt}},
      routing);
  CHECK(record.headers == Headers{{"id", "42"},
                                  {"event-type", "created"},
                                  {"source", "shop/created"},
                                  {"constant", "yes"},
                                  {"a", "1"},
                                  {"b", std::nullopt},
                                  {"a", "2"},
                                  {"c", R"({"d": [1]})"},
                                  {"e", ""}});
}

TEST_CASE("a headers column that is no object is the row's own fault", "[publish]") {
  shared_kafka().create_topic("no-object");
  Harness harness{shared_kafka().bootstrap()};
  harness.open_topic("no-object");
  const auto publication = harness.publish({.headers = "[1]"});
  CHECK(publication.accepted == Accepted::refused);
  CHECK(publication.failure.reason == Reason::invalid_headers);
  CHECK(publication.failure.remedy == Remedy::park);
  CHECK(harness.publish({.headers = "{}"}).accepted == Accepted::yes);
  REQUIRE(harness.until_reported());
  CHECK(shared_kafka().consume_all("no-object").size() == 1);
}

TEST_CASE("the record's time is the row's, but never in the future", "[publish]") {
  shared_kafka().create_topic("times");
  Harness harness{shared_kafka().bootstrap(), {}, {}, &noon};
  harness.open_topic("times");
  harness.publish({.created_at = database_time(1'699'999'999'999ms)});
  harness.publish({.created_at = database_time(1'700'000'000'000ms + 2h)});
  harness.publish({.created_at = DatabaseTime{1'699'999'999'999'999us}});
  const auto before = std::chrono::floor<std::chrono::milliseconds>(std::chrono::system_clock::now());
  harness.publish({.created_at = std::nullopt});
  harness.publish({.created_at = database_time(-1ms)});
  REQUIRE(harness.until_reported());
  const auto records = shared_kafka().consume_all("times");
  REQUIRE(records.size() == 5);
  CHECK(records[0].timestamp == 1'699'999'999'999ms);
  CHECK(records[1].timestamp == 1'700'000'000'000ms);
  CHECK(records[2].timestamp == 1'699'999'999'999ms);
  CHECK(records[3].timestamp >= before.time_since_epoch());
  CHECK(records[4].timestamp >= before.time_since_epoch());
}

TEST_CASE("a payload of 10 MB goes through", "[publish]") {
  shared_kafka().create_topic("large", 1, {{"max.message.bytes", "12000000"}});
  std::string payload(10'000'000, '\0');
  for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<char>(i * i >> 3);
  Harness harness{shared_kafka().bootstrap(), {}, {{"compression.type", "none"}}};
  harness.open_topic("large");
  harness.publish({.payload = payload});
  REQUIRE(harness.until_reported());
  REQUIRE(harness.acknowledged() == 1);
  const auto records = shared_kafka().consume_all("large");
  REQUIRE(records.size() == 1);
  CHECK(records[0].value == payload);
}

TEST_CASE("rows of one partition keep their order", "[publish]") {
  shared_kafka().create_topic("order", 2);
  Harness harness{shared_kafka().bootstrap()};
  harness.open_topic("order");
  constexpr int count = 20'000;
  for (std::int32_t partition : {0, 1}) harness.publish({.payload = "first", .partition = partition});
  REQUIRE(harness.until_reported());
  for (int i = 0; i < count; ++i) {
    REQUIRE(harness.publish({.payload = std::to_string(i), .partition = i % 2}).accepted == Accepted::yes);
  }
  REQUIRE(harness.until_reported());
  CHECK(harness.acknowledged() == count + 2);
  const auto records = shared_kafka().consume_all("order");
  REQUIRE(records.size() == count + 2);
  std::vector<int> seen;
  for (const auto& record : records) {
    if (record.value != "first") seen.push_back(std::stoi(*record.value));
  }
  // consume_all returns one partition after the other: the even rows, then the odd ones.
  REQUIRE(seen.size() == count);
  CHECK(std::is_sorted(seen.begin(), seen.begin() + count / 2));
  CHECK(std::is_sorted(seen.begin() + count / 2, seen.end()));
}

TEST_CASE("librdkafka's full queue is told, and passes", "[publish]") {
  shared_kafka().create_topic("full");
  Harness harness{
      shared_kafka().bootstrap(), {}, {{"queue.buffering.max.messages", "10"}, {"linger.ms", "100"}}};
  harness.open_topic("full");
  std::size_t taken = 0;
  while (harness.publish({}).accepted == Accepted::yes) REQUIRE(++taken <= 10);
  CHECK(taken == 10);
  REQUIRE(harness.until_reported());
  CHECK(harness.publish({}).accepted == Accepted::yes);
  REQUIRE(harness.until_reported());
  CHECK(harness.acknowledged() == 11);
}

TEST_CASE("librdkafka's lines are handed on", "[publish]") {
  shared_kafka().create_topic("lines");
  Harness harness{shared_kafka().bootstrap()};
  harness.open_topic("lines");
  CHECK(harness.lines_with("enable.gapless.guarantee") > 0);
}
