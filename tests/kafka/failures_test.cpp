// Errors as librdkafka's mock brokers answer them, and what the sink makes of them.
#include "rig.h"
#include "support/catch.h"

using namespace outbox_relay::kafka::testing;
using namespace std::chrono_literals;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::relay::Accepted;

namespace {

/// Until a request with rows is on its way, by the lines of `debug: msg`.
bool until_requested(Harness& harness) {
  return harness.until([&harness] { return harness.lines_with("Produce MessageSet with") > 0; });
}

}  // namespace

TEST_CASE("a refused batch is the producer's end, and a new one goes on", "[failures]") {
  Rig rig;
  rig.cluster.fail_next(MockCluster::produce, {RD_KAFKA_RESP_ERR_INVALID_RECORD});
  rig.harness.publish({.message_id = "refused"});
  REQUIRE(rig.harness.until_reported());
  REQUIRE(rig.harness.fate("refused"));
  CHECK(rig.harness.fate("refused")->reason == Reason::invalid_record);
  CHECK(rig.harness.fate("refused")->remedy == Remedy::isolate);
  REQUIRE(rig.harness.until([&] { return !rig.harness.ends.empty(); }));
  CHECK(rig.harness.ends.front().reason == Reason::producer);
  CHECK(rig.harness.ends.front().remedy == Remedy::rebuild);
  // Meanwhile it takes nothing, and that is not the row's fault.
  CHECK(rig.harness.publish({}).accepted == Accepted::full);

  rig.harness.rebuild();
  rig.harness.open_topic("topic");
  REQUIRE(rig.harness.publish_again("refused").accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  CHECK_FALSE(rig.harness.fate("refused"));
  CHECK(rig.harness.ends.size() == 1);
}

TEST_CASE("what passes is waited for", "[failures]") {
  const auto code =
      GENERATE(RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS_AFTER_APPEND,
               RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION, RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART,
               RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT, RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR);
  CAPTURE(rd_kafka_err2name(code));
  Rig rig;
  rig.cluster.fail_next(MockCluster::produce, {code, code, code});
  rig.harness.publish({.message_id = "patient"});
  REQUIRE(rig.harness.until_reported());
  CHECK_FALSE(rig.harness.fate("patient"));
  CHECK(rig.harness.ends.empty());
}

TEST_CASE("a producer that gets no id is for the operator", "[failures]") {
  MockCluster cluster;
  cluster.create_topic("topic");
  cluster.fail_next(MockCluster::init_producer_id, {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED});
  Harness harness{cluster.bootstrap()};
  harness.open_topic("topic");
  const auto publication = harness.publish({.message_id = "waiting"});
  REQUIRE(harness.until([&] { return !harness.ends.empty(); }));
  CHECK(harness.ends.front().reason == Reason::authorization);
  CHECK(harness.ends.front().remedy == Remedy::operate);
  harness.rebuild();
  if (publication.accepted == Accepted::yes) {
    REQUIRE(harness.fate("waiting"));
    CHECK(harness.fate("waiting")->remedy == Remedy::rebuild);
    REQUIRE(harness.publish_again("waiting").accepted == Accepted::yes);
  } else {
    REQUIRE(harness.publish({.message_id = "waiting"}).accepted == Accepted::yes);
  }
  REQUIRE(harness.until_reported());
  CHECK_FALSE(harness.fate("waiting"));
}

TEST_CASE("a topic that cannot be published to is held, with the reason", "[failures]") {
  struct Case {
    rd_kafka_resp_err_t code;
    Reason reason;
  };
  const auto [code, reason] = GENERATE(values<Case>({
      {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART, Reason::missing},
      {RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED, Reason::authorization},
      {RD_KAFKA_RESP_ERR_TOPIC_EXCEPTION, Reason::invalid_topic},
  }));
  // Mock brokers send partitions beside any error but that the topic is unknown, which real ones do not, and
  // librdkafka 2.6 to 2.8 reads them where it has put none: its issue 4907. A missing leader is a partition's
  // error (below).
  constexpr int first_that_crashes = 0x02060000;
  constexpr int first_that_does_not = 0x02090000;
  const bool crashes = rd_kafka_version() >= first_that_crashes && rd_kafka_version() < first_that_does_not;
  if (crashes && code != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) return;
  CAPTURE(rd_kafka_err2name(code));
  MockCluster cluster;
  cluster.create_topic("topic");
  cluster.set_topic_error("topic", code);
  Harness harness{cluster.bootstrap()};
  harness.sink().look_up({}, "topic");
  REQUIRE(harness.until([&] { return !harness.topics.empty(); }));
  REQUIRE(harness.topics.front().failure);
  CHECK(harness.topics.front().failure->reason == reason);
  CHECK(harness.topics.front().failure->remedy == Remedy::hold_topic);
  cluster.set_topic_error("topic", RD_KAFKA_RESP_ERR_NO_ERROR);
  harness.open_topic("topic");
  CHECK(harness.topics.back().partitions == 1);
}

TEST_CASE("a topic is held while one of its partitions has no leader", "[failures]") {
  MockCluster cluster;
  cluster.create_topic("topic", 3);
  cluster.remove_leader("topic", 1);
  Harness harness{cluster.bootstrap()};
  harness.sink().look_up({}, "topic");
  REQUIRE(harness.until([&] { return !harness.topics.empty(); }));
  REQUIRE(harness.topics.front().failure);
  CHECK(harness.topics.front().failure->reason == Reason::not_in_sync);
  CHECK(harness.topics.front().failure->remedy == Remedy::hold_topic);
}

TEST_CASE("a record that librdkafka itself finds too large is the row's own fault", "[failures]") {
  MockCluster cluster;
  cluster.create_topic("topic");
  Harness harness{cluster.bootstrap(), {}, {{"message.max.bytes", "1000"}}};
  harness.open_topic("topic");
  const auto publication = harness.publish({.payload = std::string(2000, 'x')});
  CHECK(publication.accepted == Accepted::refused);
  CHECK(publication.failure.reason == Reason::too_large);
  CHECK(publication.failure.remedy == Remedy::park);
  harness.publish({});
  REQUIRE(harness.until_reported());
  CHECK(harness.acknowledged() == 1);
}

TEST_CASE("a record that librdkafka's queue can never hold is the row's own fault, and one that waits is not",
          "[failures]") {
  Rig rig{{{"queue.buffering.max.kbytes", "4"}}};
  const auto publication = rig.harness.publish({.payload = std::string(5000, 'x')});
  CHECK(publication.accepted == Accepted::refused);
  CHECK(publication.failure.reason == Reason::too_large);
  CHECK(publication.failure.remedy == Remedy::park);
  REQUIRE(rig.harness.publish({.payload = std::string(3000, 'x')}).accepted == Accepted::yes);
  CHECK(rig.harness.publish({.payload = std::string(3000, 'x')}).accepted == Accepted::full);
}

TEST_CASE("a rebuild waits for answers that are on their way, and takes the rest back", "[failures]") {
  Rig rig{{{"batch.num.messages", "1"}, {"debug", "msg"}}};
  rig.cluster.delay_answers(1s);
  for (int i = 0; i < 100; ++i) rig.harness.publish({.message_id = std::to_string(i)});
  REQUIRE(until_requested(rig.harness));
  rig.harness.rebuild(Harness::limit);
  CHECK(rig.harness.acknowledged() > 0);
  CHECK(rig.harness.failed(Reason::producer, Remedy::rebuild) > 0);
  CHECK(rig.harness.failed(Reason::producer, Remedy::rebuild) + rig.harness.acknowledged() == 100);
}

TEST_CASE("a rebuild does not wait longer than it is told to", "[failures]") {
  Rig rig;
  rig.cluster.delay_answers(30s);
  for (int i = 0; i < 10; ++i) rig.harness.publish({});
  rig.harness.rebuild(200ms);
  CHECK(rig.harness.failed(Reason::producer, Remedy::rebuild) == 10);
  rig.cluster.delay_answers(0s);
  rig.harness.open_topic("topic");
  rig.harness.publish({.message_id = "next"});
  REQUIRE(rig.harness.until_reported());
  CHECK_FALSE(rig.harness.fate("next"));
}

TEST_CASE("rows that a broker refuses for now do not hold up a rebuild", "[failures]") {
  Rig rig{{{"debug", "msg"}}};
  rig.cluster.delay_answers(500ms);
  rig.cluster.fail_next(MockCluster::produce,
                        std::vector<rd_kafka_resp_err_t>(5, RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS));
  for (int i = 0; i < 10; ++i) rig.harness.publish({});
  REQUIRE(until_requested(rig.harness));
  rig.harness.rebuild(Harness::limit);
  CHECK(rig.harness.failed(Reason::producer, Remedy::rebuild) == 10);
}

TEST_CASE("a sink may go while its rows are on their way", "[failures]") {
  Rig rig;
  rig.cluster.delay_answers(30s);
  for (int i = 0; i < 1000; ++i) rig.harness.publish({.payload = std::string(1000, 'x')});
  CHECK(rig.harness.reports() == 0);
}

TEST_CASE("a broker that closes an idle connection is no trouble", "[failures]") {
  Rig rig;
  rig.harness.publish({});
  REQUIRE(rig.harness.until_reported());
  rig.cluster.go_away();
  REQUIRE(rig.harness.until([&] { return rig.harness.lines_with("FAIL: ") > 0; }));
  CHECK(rig.harness.troubles.empty());
  rig.harness.publish({});
  REQUIRE(rig.harness.until([&] { return !rig.harness.troubles.empty(); }));
  rig.cluster.come_back();
  REQUIRE(rig.harness.until_reported());
  CHECK(rig.harness.acknowledged() == 2);
  CHECK(rig.harness.recoveries == 1);
  CHECK(rig.harness.troubles.size() == 1);
}

TEST_CASE("an interrupted wait returns with nothing, also when it begins later", "[failures]") {
  Rig rig;
  rig.harness.sink().interrupt();
  auto take = [&rig]() -> outbox_relay::relay::awaitable<outbox_relay::relay::SinkEvents> {
    outbox_relay::relay::SinkEvents events;
    co_await rig.harness.sink().next_events(events);
    co_return events;
  };
  const auto events = rig.harness.run(take());
  CHECK(events.deliveries.empty());
  CHECK_FALSE(events.broken);
}
