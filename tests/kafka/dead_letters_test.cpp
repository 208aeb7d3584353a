// What a consumer of a real broker sees of rows that went to the dead letter topic.
#include <algorithm>

#include "harness.h"
#include "support/catch.h"
#include "support/servers.h"

using namespace outbox_relay::kafka::testing;
using namespace std::chrono_literals;
using outbox_relay::core::DatabaseTime;
using outbox_relay::core::DeadLetter;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::core::Routing;
using outbox_relay::core::RowId;
using outbox_relay::core::TopicId;
using outbox_relay::relay::Accepted;
using outbox_relay::testing::Header;
using outbox_relay::testing::shared_kafka;

TEST_CASE("a refused row goes to the dead letter topic as it is, with what became of it", "[dead-letters]") {
  shared_kafka().create_topic("narrow-orders", 1, {{"max.message.bytes", "1000"}});
  shared_kafka().create_topic("dead-letters", 1);
  Routing routing;
  routing.outbox = "orders";
  const auto noon = +[] { return std::chrono::system_clock::time_point{1'709'210'096'007ms}; };
  Harness harness{shared_kafka().bootstrap(), routing, {{"compression.type", "none"}}, noon};
  harness.open_topic("narrow-orders", TopicId{0});
  harness.open_topic("dead-letters", TopicId{1});

  TestRow row{.message_id = "m-42",
              .key = "k",
              .payload = std::string(2000, 'x'),
              .headers = R"({"trace": "t"})",
              .created_at = DatabaseTime{1'709'000'000'000ms},
              .topic = TopicId{0},
              .is_suspect = true,
              .id = RowId{42}};
  REQUIRE(harness.publish(row).accepted == Accepted::yes);
  REQUIRE(harness.until_reported());
  const auto refusal = harness.fate("m-42");
  REQUIRE(refusal);
  REQUIRE(refusal->remedy == Remedy::park);

  row.message_id = "m-42 again";
  row.topic = TopicId{1};
  row.is_suspect = false;
  row.dead_letter = DeadLetter{*refusal, "narrow-orders"};
  REQUIRE(harness.publish(row).accepted == Accepted::yes);
  REQUIRE(harness.until_reported());
  CHECK(harness.acknowledged() == 1);

  CHECK(shared_kafka().consume_all("narrow-orders").empty());
  const auto records = shared_kafka().consume_all("dead-letters");
  REQUIRE(records.size() == 1);
  CHECK(records[0].key == "k");
  CHECK(records[0].value == row.payload);
  CHECK(records[0].timestamp == 1'709'000'000'000ms);
  CHECK(records[0].headers == std::vector<Header>{{"message-id", "m-42 again"},
                                                  {"trace", "t"},
                                                  {"dead-letter-reason", "too_large"},
                                                  {"dead-letter-error", refusal->message},
                                                  {"dead-letter-topic", "narrow-orders"},
                                                  {"dead-letter-outbox", "orders"},
                                                  {"dead-letter-row-id", "42"},
                                                  {"dead-letter-time", "2024-02-29T12:34:56.007Z"}});
}
