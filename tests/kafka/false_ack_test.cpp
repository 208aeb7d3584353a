// The first request of a new producer to a partition is refused with a retriable code, the next ones are
// accepted: a broker takes any first sequence number. librdkafka then reports the refused rows as delivered,
// which are in no log.
#include <algorithm>
#include <set>

#include "harness.h"
#include "support/catch.h"
#include "support/eventually.h"
#include "support/kafka_proxy.h"
#include "support/servers.h"

using namespace outbox_relay::kafka::testing;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::relay::Accepted;
using outbox_relay::testing::eventually;
using outbox_relay::testing::KafkaProxy;
using outbox_relay::testing::KafkaServer;

namespace {

/// A broker behind a proxy.
struct Rig {
  KafkaProxy proxy;
  KafkaServer kafka{1, {"advertised.listeners=CLIENT://" + proxy.address()}};

  Rig() { proxy.forward_to(kafka.bootstrap()); }

  [[nodiscard]] std::vector<std::string> values(const std::string& topic) const {
    std::vector<std::string> all;
    for (const auto& record : kafka.consume_all(topic)) all.push_back(record.value.value_or("NULL"));
    return all;
  }
};

TestRow numbered(int i) {
  return {.message_id = std::to_string(i), .payload = std::to_string(i)};
}

constexpr int row_count = 200;
constexpr std::int16_t retriable_codes[] = {19 /* NOT_ENOUGH_REPLICAS */, 3 /* UNKNOWN_TOPIC_OR_PARTITION */,
                                            6 /* NOT_LEADER_OR_FOLLOWER */};
/// A sink whose producer is at work already in another partition: the next request is the first one to
/// partition 0.
struct WarmHarness : Harness {
  WarmHarness(const Rig& rig, const std::string& topic) : Harness(rig.kafka.bootstrap()) {
    rig.kafka.create_topic(topic, 2);
    open_topic(topic);
    REQUIRE(publish({.message_id = "warm-up", .payload = "warm-up", .partition = 1}).accepted ==
            Accepted::yes);
    REQUIRE(until_reported());
  }
};

}  // namespace

TEST_CASE("a false ack is no ack", "[false-ack]") {
  Rig rig;
  for (const auto code : retriable_codes) {
    CAPTURE(code);
    const std::string topic = "ungated-" + std::to_string(code);
    WarmHarness harness{rig, topic};
    const int before = rig.proxy.caught();

    rig.proxy.refuse_next_produce(code);
    REQUIRE(harness.publish(numbered(0)).accepted == Accepted::yes);
    REQUIRE(eventually([&] { return rig.proxy.caught() == before + 1; }));
    for (int i = 1; i < row_count; ++i) REQUIRE(harness.publish(numbered(i)).accepted == Accepted::yes);
    REQUIRE(harness.until([&] { return harness.reports() == row_count + 1 || !harness.ends.empty(); }));
    harness.rebuild();
    REQUIRE(harness.reports() == row_count + 1);

    // Without the gate the harm is done: what was refused never came, what was behind it did.
    const auto values = rig.values(topic);
    const std::set<std::string> in_log{values.begin(), values.end()};
    CHECK_FALSE(in_log.contains("0"));
    CHECK(in_log.size() > 1);
    // But nothing passes for delivered that is not.
    CHECK(harness.failed(Reason::false_ack, Remedy::rebuild) > 0);
    for (const auto& id : harness.acknowledged_ids()) {
      CAPTURE(id);
      CHECK(in_log.contains(id));
    }
  }
}

TEST_CASE("with one row alone first nothing is lost and nothing is overtaken", "[false-ack]") {
  Rig rig;
  for (const auto code : retriable_codes) {
    CAPTURE(code);
    const std::string topic = "gated-" + std::to_string(code);
    WarmHarness harness{rig, topic};
    const int before = rig.proxy.caught();

    rig.proxy.refuse_next_produce(code);
    REQUIRE(harness.publish(numbered(0)).accepted == Accepted::yes);
    REQUIRE(harness.until_reported());
    REQUIRE_FALSE(harness.fate("0"));
    CHECK(rig.proxy.caught() == before + 1);
    for (int i = 1; i < row_count; ++i) REQUIRE(harness.publish(numbered(i)).accepted == Accepted::yes);
    REQUIRE(harness.until_reported());
    CHECK(harness.acknowledged() == row_count + 1);

    std::vector<std::string> expected;
    for (int i = 0; i < row_count; ++i) expected.push_back(std::to_string(i));
    expected.emplace_back("warm-up");
    CHECK(rig.values(topic) == expected);
  }
}
