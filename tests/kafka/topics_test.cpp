// Topics that come, grow and go, and brokers that do.
#include "harness.h"
#include "support/catch.h"
#include "support/servers.h"

using namespace outbox_relay::kafka::testing;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::core::TopicId;
using outbox_relay::relay::Accepted;
using outbox_relay::testing::KafkaServer;
using outbox_relay::testing::shared_kafka;

TEST_CASE("a topic is looked up", "[topics]") {
  shared_kafka().create_topic("looked-up", 5);
  Harness harness{shared_kafka().bootstrap()};
  harness.sink().look_up(TopicId{7}, "looked-up");
  REQUIRE(harness.until([&] { return !harness.topics.empty(); }));
  CHECK(harness.topics.front().topic == TopicId{7});
  CHECK(harness.topics.front().partitions == 5);
  CHECK_FALSE(harness.topics.front().failure);
}

TEST_CASE("a missing topic is held and not made, and taken when it is there", "[topics]") {
  KafkaServer kafka{1, {"auto.create.topics.enable=true"}};
  Harness harness{kafka.bootstrap()};
  for (int i = 0; i < 3; ++i) {
    const std::size_t before = harness.topics.size();
    harness.sink().look_up({}, "late");
    REQUIRE(harness.until([&] { return harness.topics.size() > before; }));
    REQUIRE(harness.topics.back().failure);
    CHECK(harness.topics.back().failure->reason == Reason::missing);
    CHECK(harness.topics.back().failure->remedy == Remedy::hold_topic);
  }
  kafka.create_topic("late", 2);
  harness.open_topic("late");
  CHECK(harness.topics.back().partitions == 2);
  harness.publish({.partition = 1});
  REQUIRE(harness.until_reported());
  CHECK(harness.acknowledged() == 1);
  CHECK(harness.troubles.empty());
}

TEST_CASE("a partition that a topic does not have closes the topic, not the row", "[topics]") {
  shared_kafka().create_topic("three", 3);
  Harness harness{shared_kafka().bootstrap()};
  harness.open_topic("three");
  CHECK(harness.publish({.partition = 3}).accepted == Accepted::full);
  REQUIRE(harness.until([&] { return harness.topics.back().failure.has_value(); }));
  CHECK(harness.topics.back().failure->reason == Reason::missing);
  CHECK(harness.topics.back().failure->remedy == Remedy::hold_topic);
}

TEST_CASE("the rows of a deleted topic come back, others go on", "[topics]") {
  KafkaServer kafka;
  kafka.create_topic("deleted");
  kafka.create_topic("other");
  Harness harness{kafka.bootstrap(), {}, {{"topic.metadata.propagation.max.ms", "500"}}};
  harness.open_topic("deleted", TopicId{0});
  harness.open_topic("other", TopicId{1});
  harness.publish({.message_id = "before", .topic = TopicId{0}});
  REQUIRE(harness.until_reported());
  kafka.delete_topic("deleted");
  // Until librdkafka notices the row waits inside; afterwards it is not even taken.
  const std::size_t reports = harness.topics.size();
  if (harness.publish({.message_id = "after", .topic = TopicId{0}}).accepted == Accepted::yes) {
    REQUIRE(harness.until_reported());
    REQUIRE(harness.fate("after"));
    CHECK(harness.fate("after")->reason == Reason::missing);
    CHECK(harness.fate("after")->remedy == Remedy::hold_topic);
  } else {
    REQUIRE(harness.until([&] { return harness.topics.size() > reports; }));
    REQUIRE(harness.topics.back().failure);
    CHECK(harness.topics.back().failure->remedy == Remedy::hold_topic);
  }
  CHECK(harness.ends.empty());
  harness.publish({.message_id = "of the other", .topic = TopicId{1}});
  REQUIRE(harness.until_reported());
  CHECK_FALSE(harness.fate("of the other"));
  CHECK(kafka.consume_all("other").size() == 1);
}

TEST_CASE("a broker that is away is trouble until it is back, and nothing is lost", "[topics]") {
  KafkaServer kafka;
  kafka.create_topic("bounced");
  Harness harness{kafka.bootstrap()};
  harness.open_topic("bounced");
  harness.publish({.message_id = "before"});
  REQUIRE(harness.until_reported());
  CHECK(harness.troubles.empty());

  kafka.stop();
  for (int i = 0; i < 100; ++i) harness.publish({.message_id = "during " + std::to_string(i)});
  REQUIRE(harness.until([&] { return !harness.troubles.empty(); }));
  CHECK(harness.troubles.front().reason == Reason::connection);
  CHECK(harness.troubles.front().remedy == Remedy::retry);
  CHECK(harness.troubles.front().message.find("127.0.0.1") != std::string::npos);
  CHECK(harness.recoveries == 0);

  kafka.start();
  // Below 2.3 librdkafka may take the bounce for fatal; then a new producer carries on.
  const auto all_reported_or_broken = [&] { return harness.reports() == 101 || !harness.ends.empty(); };
  REQUIRE(harness.until(all_reported_or_broken));
  if (!harness.ends.empty()) {
    harness.rebuild();
    for (int i = 0; i < 100; ++i) {
      const std::string id = "during " + std::to_string(i);
      if (harness.fate(id)) REQUIRE(harness.publish_again(id).accepted == Accepted::yes);
    }
    REQUIRE(harness.until_reported());
  }
  CHECK(harness.acknowledged() == 101);
  REQUIRE(harness.until([&] { return harness.recoveries == 1; }));
  CHECK(harness.troubles.size() == 1);
  CHECK(kafka.consume_all("bounced").size() >= 101);
}

TEST_CASE("a look-up that nobody answers is trouble, and is answered in the end", "[topics]") {
  KafkaServer kafka;
  kafka.create_topic("patient", 4);
  kafka.stop();
  Harness harness{kafka.bootstrap()};
  harness.sink().look_up({}, "patient");
  REQUIRE(harness.until([&] { return !harness.troubles.empty(); }));
  CHECK(harness.troubles.front().remedy == Remedy::retry);
  CHECK(harness.topics.empty());
  kafka.start();
  REQUIRE(harness.until([&] { return !harness.topics.empty(); }));
  CHECK(harness.topics.front().partitions == 4);
  REQUIRE(harness.until([&] { return harness.recoveries == 1; }));
}
