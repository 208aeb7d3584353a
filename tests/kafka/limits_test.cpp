// How much a topic takes at once: what real brokers tell of it, and what the sink makes of that.
#include <algorithm>

#include "harness.h"
#include "kafka/housekeeper.h"
#include "kafka/producer.h"
#include "kafka/wakeup.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/kafka_admin.h"
#include "support/servers.h"

using namespace outbox_relay::kafka;
using namespace outbox_relay::kafka::testing;
using outbox_relay::core::Bytes;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::core::TopicId;
using outbox_relay::relay::Accepted;
using outbox_relay::testing::eventually;
using outbox_relay::testing::KafkaAdmin;
using outbox_relay::testing::shared_kafka;

namespace {

/// Batches fill up, and are not made small by compression.
const Harness::Properties full_batches{{"linger.ms", "200"}, {"compression.type", "none"}};

/// Publishes rows of a kilobyte to a partition, the first one alone.
void publish_rows(Harness& harness, const std::string& name, int count, TopicId topic = {}) {
  for (int i = 0; i < count; ++i) {
    REQUIRE(
        harness
            .publish(
                {.message_id = name + std::to_string(i), .payload = std::string(1000, 'x'), .topic = topic})
            .accepted == Accepted::yes);
    if (i == 0) REQUIRE(harness.until_reported());
  }
  REQUIRE(harness.until_reported());
}

std::vector<std::string> ids_in(const std::string& topic) {
  std::vector<std::string> ids;
  for (const auto& record : shared_kafka().consume_all(topic))
    ids.push_back(record.headers.front().value.value_or(""));
  return ids;
}

}  // namespace

TEST_CASE("how much a topic takes is told with its partitions, and asked anew when it is looked up",
          "[limits]") {
  shared_kafka().create_topic("told", 2, {{"max.message.bytes", "12345"}});
  shared_kafka().create_topic("default", 1);
  Harness harness{shared_kafka().bootstrap()};
  harness.open_topic("told", TopicId{0});
  CHECK(harness.topics.back().partitions == 2);
  CHECK(harness.topics.back().largest_record == Bytes{12'345});
  harness.open_topic("default", TopicId{1});
  CHECK(harness.topics.back().largest_record == Bytes{1'048'588});

  KafkaAdmin admin{shared_kafka().bootstrap()};
  admin.set_property("told", "max.message.bytes", "54321");
  // The brokers need a moment to hear of it.
  REQUIRE(harness.until([&] {
    harness.sink().look_up(TopicId{0}, "told");
    return harness.topics.back().topic == TopicId{0} && harness.topics.back().largest_record == Bytes{54'321};
  }));
  CHECK(harness.ends.empty());
}

TEST_CASE("that a topic takes another amount is noticed without being asked", "[limits]") {
  shared_kafka().create_topic("changing", 1, {{"max.message.bytes", "12345"}});
  boost::asio::io_context context;
  Wakeup wakeup{context.get_executor()};
  Housekeeper housekeeper{[] {}, std::chrono::milliseconds{20}};
  housekeeper.use(std::make_shared<Producer>(
      ProducerSettings{{{"bootstrap.servers", shared_kafka().bootstrap()}}, "test"}, wakeup.fd()));
  std::vector<std::optional<Bytes>> told;
  const auto until_told = [&](std::size_t times) {
    return eventually([&] {
      for (const auto& report : housekeeper.take_news().topics) told.push_back(report.largest_record);
      return told.size() == times;
    });
  };
  housekeeper.look_up({}, "changing");
  REQUIRE(until_told(1));
  CHECK(told.back() == Bytes{12'345});
  KafkaAdmin{shared_kafka().bootstrap()}.set_property("changing", "max.message.bytes", "54321");
  REQUIRE(until_told(2));
  CHECK(told.back() == Bytes{54'321});
}

TEST_CASE("a topic that takes little is sent small batches, others are not", "[limits]") {
  shared_kafka().create_topic("takes-little", 1, {{"max.message.bytes", "20000"}});
  shared_kafka().create_topic("takes-much");
  Harness::Properties properties = full_batches;
  properties.emplace_back("debug", "msg");
  Harness harness{shared_kafka().bootstrap(), {}, properties};
  harness.open_topic("takes-little", TopicId{0});
  harness.open_topic("takes-much", TopicId{1});
  publish_rows(harness, "small", 500, TopicId{0});
  publish_rows(harness, "large", 500, TopicId{1});
  CHECK(harness.acknowledged() == 1000);
  CHECK(harness.ends.empty());

  // By librdkafka's own word: "takes-much [0]: Produce MessageSet with 499 message(s) (512345 bytes, …".
  const auto requests = [&](const std::string& topic) {
    return harness.lines_with(topic + " [0]: Produce MessageSet with");
  };
  CHECK(requests("takes-little") >= 500 / 20);
  CHECK(requests("takes-much") < 500 / 20);
}

TEST_CASE("a batch size that the configuration names is not exceeded", "[limits]") {
  shared_kafka().create_topic("configured");
  Harness::Properties properties = full_batches;
  properties.insert(properties.end(), {{"debug", "msg"}, {"batch.size", "5000"}});
  Harness harness{shared_kafka().bootstrap(), {}, properties};
  harness.open_topic("configured");
  publish_rows(harness, "row", 100);
  CHECK(harness.lines_with("Produce MessageSet with") >= 100 / 5);
}

TEST_CASE("when a topic turns out to take less, the producer is replaced in good order first", "[limits]") {
  shared_kafka().create_topic("shrinking");
  Harness harness{shared_kafka().bootstrap(), {}, full_batches};
  harness.open_topic("shrinking");
  publish_rows(harness, "before ", 50);

  KafkaAdmin admin{shared_kafka().bootstrap()};
  admin.set_property("shrinking", "max.message.bytes", "20000");
  const std::size_t reports = harness.topics.size();
  REQUIRE(harness.until([&] {
    harness.sink().look_up({}, "shrinking");
    return !harness.ends.empty();
  }));
  CHECK(harness.ends.front().reason == Reason::producer);
  CHECK(harness.ends.front().remedy == Remedy::rebuild);
  CHECK(harness.ends.front().message ==
        "kafka: topic shrinking takes batches of 20000 bytes at most: its rows go on through a producer that "
        "makes no larger ones");
  const auto is_told = [&] {
    return std::any_of(harness.topics.begin() + static_cast<std::ptrdiff_t>(reports), harness.topics.end(),
                       [](const auto& report) { return report.largest_record == Bytes{20'000}; });
  };
  CHECK_FALSE(is_told());
  harness.rebuild();
  REQUIRE(harness.until(is_told));
  publish_rows(harness, "after ", 500);
  CHECK(harness.acknowledged() == 550);
  CHECK(harness.ends.size() == 1);

  // One that takes more again needs no replacement at once.
  admin.set_property("shrinking", "max.message.bytes", "1048588");
  REQUIRE(harness.until([&] {
    harness.sink().look_up({}, "shrinking");
    return harness.topics.back().largest_record == Bytes{1'048'588};
  }));
  publish_rows(harness, "again ", 50);
  CHECK(harness.ends.size() == 1);

  std::vector<std::string> expected;
  for (const auto& [name, count] : {std::pair{"before ", 50}, {"after ", 500}, {"again ", 50}}) {
    for (int i = 0; i < count; ++i) expected.push_back(name + std::to_string(i));
  }
  CHECK(ids_in("shrinking") == expected);
}

TEST_CASE("new partitions of a topic with a producer of its own are found", "[limits]") {
  shared_kafka().create_topic("growing", 1, {{"max.message.bytes", "20000"}});
  Harness harness{shared_kafka().bootstrap()};
  harness.open_topic("growing");
  publish_rows(harness, "before ", 1);
  REQUIRE(harness.publish({.is_suspect = true}).accepted == Accepted::yes);
  REQUIRE(harness.until_reported());
  KafkaAdmin{shared_kafka().bootstrap()}.grow_topic("growing", 2);
  REQUIRE(harness.until([&] {
    harness.sink().look_up({}, "growing");
    return harness.topics.back().partitions == 2;
  }));
  for (const bool as_suspect : {false, true}) {
    REQUIRE(harness.until([&] {
      // Refused at once, it closes the topic, and the next look-up opens it.
      if (harness.publish({.partition = 1, .is_suspect = as_suspect}).accepted == Accepted::yes) return true;
      harness.open_topic("growing");
      return false;
    }));
  }
  REQUIRE(harness.until_reported());
  CHECK(harness.acknowledged() == 4);
}
