// The producer for suspects, against librdkafka's mock brokers.
#include "kafka/probe.h"

#include <algorithm>

#include "kafka/housekeeper.h"
#include "kafka/wakeup.h"
#include "rig.h"
#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay::kafka;
using namespace outbox_relay::kafka::testing;
using namespace std::chrono_literals;
using outbox_relay::core::InFlight;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::core::TopicId;
using outbox_relay::relay::Accepted;
using outbox_relay::relay::DeliveryReport;
using outbox_relay::testing::eventually;

TEST_CASE("a suspect that is out does not mind that the other producer is rebuilt", "[probe]") {
  Rig rig;
  rig.cluster.delay_answers(1s);
  REQUIRE(rig.harness.publish({.message_id = "suspect", .is_suspect = true}).accepted == Accepted::yes);
  REQUIRE(rig.harness.publish({.message_id = "other"}).accepted == Accepted::yes);
  rig.harness.rebuild(0ms);
  REQUIRE(rig.harness.reports() == 1);
  CHECK(rig.harness.failed(Reason::producer, Remedy::rebuild) == 1);
  rig.cluster.delay_answers(0s);
  REQUIRE(rig.harness.until_reported());
  CHECK_FALSE(rig.harness.fate("suspect"));
}

TEST_CASE("rows go on while a suspect is out, and are not stopped by its refusal", "[probe]") {
  Rig rig;
  REQUIRE(rig.harness.publish({.message_id = "first"}).accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  rig.cluster.fail_next(MockCluster::produce, {RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE});
  REQUIRE(rig.harness.publish({.message_id = "guilty", .is_suspect = true}).accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  REQUIRE(rig.harness.fate("guilty"));
  CHECK(rig.harness.fate("guilty")->reason == Reason::too_large);
  CHECK(rig.harness.fate("guilty")->remedy == Remedy::park);
  for (int i = 0; i < 10; ++i) REQUIRE(rig.harness.publish({}).accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  CHECK(rig.harness.acknowledged() == 11);
  CHECK(rig.harness.ends.empty());
}

TEST_CASE("the producer for suspects goes on after a refusal", "[probe]") {
  Rig rig{{{"debug", "generic"}}};  // a line for each producer that is made
  for (int i = 0; i < 3; ++i) {
    rig.cluster.fail_next(MockCluster::produce, {RD_KAFKA_RESP_ERR_INVALID_RECORD});
    REQUIRE(rig.harness.publish({.is_suspect = true}).accepted == Accepted::yes);
    REQUIRE(rig.harness.until_reported());
  }
  CHECK(rig.harness.failed(Reason::invalid_record, Remedy::park) == 3);
  CHECK(rig.harness.lines_with("INIT: ") == 2);  // the other one, and this
}

TEST_CASE("a suspect does not wait for others that could fill its batch", "[probe]") {
  Rig rig{{{"linger.ms", "900000"}}};  // far beyond the harness's patience
  REQUIRE(rig.harness.publish({.is_suspect = true}).accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  CHECK(rig.harness.acknowledged() == 1);
}

TEST_CASE("the end of the producer for suspects comes back with its row, and the next attempt has a new one",
          "[probe]") {
  Rig rig;
  REQUIRE(rig.harness.publish({.message_id = "first"}).accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  rig.cluster.fail_next(MockCluster::init_producer_id, {RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED});
  REQUIRE(rig.harness.publish({.message_id = "suspect", .is_suspect = true}).accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  REQUIRE(rig.harness.fate("suspect"));
  CHECK(rig.harness.fate("suspect")->reason == Reason::authorization);
  CHECK(rig.harness.fate("suspect")->remedy == Remedy::operate);
  CHECK(rig.harness.ends.empty());
  REQUIRE(rig.harness.publish_again("suspect", true).accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  CHECK_FALSE(rig.harness.fate("suspect"));
}

TEST_CASE("a suspect whose topic lost the partition closes the topic, not the row", "[probe]") {
  Rig rig;
  REQUIRE(rig.harness.publish({.message_id = "lost", .partition = 7, .is_suspect = true}).accepted ==
          Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  REQUIRE(rig.harness.fate("lost"));
  CHECK(rig.harness.fate("lost")->reason == Reason::missing);
  CHECK(rig.harness.fate("lost")->remedy == Remedy::hold_topic);

  // A producer that knows the topic already says so at once.
  REQUIRE(rig.harness.publish({.is_suspect = true}).accepted == Accepted::yes);
  REQUIRE(rig.harness.until_reported());
  CHECK(rig.harness.publish({.partition = 7, .is_suspect = true}).accepted == Accepted::full);
  REQUIRE(rig.harness.until([&] { return rig.harness.topics.back().failure.has_value(); }));
  CHECK(rig.harness.topics.back().failure->remedy == Remedy::hold_topic);
}

TEST_CASE("brokers that are away are told once, although two producers miss them", "[probe]") {
  Rig rig;
  rig.harness.publish({});
  rig.harness.publish({.is_suspect = true});
  REQUIRE(rig.harness.until_reported());
  rig.cluster.go_away();
  const std::size_t logged = rig.harness.logged.size();
  rig.harness.publish({});
  rig.harness.publish({.is_suspect = true});
  // Each of the two has lost its connection, and failed to make a new one.
  REQUIRE(rig.harness.until(
      [&] { return rig.harness.lines_with("FAIL: ", logged) >= 4 && !rig.harness.troubles.empty(); }));
  rig.cluster.come_back();
  REQUIRE(rig.harness.until([&] { return rig.harness.reports() == 4 && rig.harness.recoveries > 0; }));
  CHECK(rig.harness.acknowledged() == 4);
  CHECK(rig.harness.troubles.size() == 1);
  CHECK(rig.harness.recoveries == 1);
}

TEST_CASE("a sink may go while a suspect is on its way", "[probe]") {
  Rig rig;
  rig.cluster.delay_answers(30s);
  rig.harness.publish({.payload = std::string(100'000, 'x'), .is_suspect = true});
  CHECK(rig.harness.reports() == 0);
}

namespace {

/// A probe of its own, without a sink, and one row.
struct ProbeRig {
  std::chrono::milliseconds answer_limit{20'000};
  MockCluster cluster;
  boost::asio::io_context context;
  Wakeup wakeup{context.get_executor()};
  Housekeeper housekeeper{[] {}};
  std::vector<std::string> lines;
  Probe probe{{{{"bootstrap.servers", cluster.bootstrap()}, {"debug", "msg"}}, "test"},
              housekeeper,
              wakeup.fd(),
              [this](std::string_view line) { lines.emplace_back(line); },
              {.idleness = 500ms, .answer = answer_limit}};
  InFlight row;
  std::vector<DeliveryReport> reports;

  explicit ProbeRig(std::chrono::milliseconds answers_within = 20s) : answer_limit(answers_within) {
    cluster.create_topic("topic");
  }

  void publish() { REQUIRE_FALSE(probe.next().produce(TopicId{}, "topic", {.opaque = &row})); }
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    return eventually([&] {
      static_cast<void>(probe.collect(reports));
      return done();
    });
  }
};

}  // namespace

TEST_CASE("the producer for suspects is given up when there are none for a while", "[probe]") {
  ProbeRig rig;
  CHECK_FALSE(rig.probe.collect_at());
  rig.publish();
  const std::weak_ptr<Producer> first = rig.probe.channel().producer();
  CHECK(rig.probe.collect_at());
  REQUIRE(rig.until([&] { return rig.reports.size() == 1; }));
  CHECK_FALSE(rig.reports.front().failure);
  CHECK(rig.probe.collect_at());
  REQUIRE(rig.until([&] { return rig.probe.channel().producer() == nullptr; }));
  CHECK(eventually([&] { return first.expired(); }));
  CHECK_FALSE(rig.probe.collect_at());

  rig.publish();
  REQUIRE(rig.until([&] { return rig.reports.size() == 2; }));
  CHECK_FALSE(rig.reports.back().failure);
}

TEST_CASE("a suspect that goes back to the queue of an ended producer is taken out of it", "[probe]") {
  ProbeRig rig;
  rig.cluster.delay_answers(1s);
  rig.cluster.fail_next(MockCluster::produce, {RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS});
  rig.publish();
  REQUIRE(rig.until([&] {
    return std::ranges::any_of(rig.lines, [](const auto& line) {
      return line.find("Produce MessageSet with") != std::string::npos;
    });
  }));
  rd_kafka_test_fatal_error(rig.probe.channel().producer()->client(),
                            RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "it is over");
  REQUIRE(rig.until([&] { return rig.probe.channel().reader().end().has_value(); }));
  CHECK(rig.reports.empty());  // the broker has not answered yet
  CHECK(rig.probe.collect_at());
  REQUIRE(rig.until([&] { return rig.reports.size() == 1; }));
  REQUIRE(rig.reports.front().failure);
  CHECK(rig.reports.front().failure->remedy == Remedy::rebuild);
  CHECK(rig.reports.front().failure->message.find("it is over") != std::string::npos);
  CHECK(rig.probe.channel().producer() == nullptr);
}

TEST_CASE("a suspect for a partition without a leader comes back, so that others have their turn",
          "[probe]") {
  ProbeRig rig{200ms};
  rig.cluster.remove_leader("topic", 0);
  rig.publish();
  REQUIRE(rig.until([&] { return rig.reports.size() == 1; }));
  REQUIRE(rig.reports.front().failure);
  CHECK(rig.reports.front().failure->remedy == Remedy::rebuild);
  CHECK(rig.reports.front().failure->message == "kafka: no answer about a row that travels alone");
  CHECK(rig.probe.channel().producer() == nullptr);
}
