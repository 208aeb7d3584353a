// What is looked up again by itself.
#include "kafka/housekeeper.h"

#include <algorithm>
#include <atomic>

#include "kafka/producer.h"
#include "kafka/wakeup.h"
#include "mock_cluster.h"
#include "support/catch.h"
#include "support/eventually.h"

using namespace outbox_relay::kafka;
using namespace outbox_relay::kafka::testing;
using namespace std::chrono_literals;
using outbox_relay::core::Reason;
using outbox_relay::core::Remedy;
using outbox_relay::core::TopicId;
using outbox_relay::relay::TopicReport;
using outbox_relay::testing::eventually;

namespace {

/// A housekeeper that asks much more often than in earnest.
struct Rig {
  MockCluster cluster;
  boost::asio::io_context context;
  Wakeup wakeup{context.get_executor()};
  std::atomic<int> wakes{0};
  std::vector<TopicReport> reports;
  int answers = 0;
  std::optional<outbox_relay::core::Failure> failure;
  std::vector<std::string> unknown_limits;
  Housekeeper housekeeper{[this] { ++wakes; }, 20ms};

  Rig() {
    cluster.create_topic("topic", 3);
    housekeeper.use(make_producer());
  }

  [[nodiscard]] std::shared_ptr<Producer> make_producer() {
    return std::make_shared<Producer>(
        ProducerSettings{{{"bootstrap.servers", cluster.bootstrap()}, {"log_level", "0"}}, "test"},
        wakeup.fd());
  }
  [[nodiscard]] bool until(const std::function<bool()>& done) {
    return eventually([&] {
      auto news = housekeeper.take_news();
      reports.insert(reports.end(), news.topics.begin(), news.topics.end());
      if (news.answered) ++answers;
      if (news.failure) failure = news.failure;
      if (news.unknown_limit) unknown_limits.push_back(*news.unknown_limit);
      return done();
    });
  }
};

}  // namespace

TEST_CASE("a topic is looked up again and again, and only changes are news", "[housekeeper]") {
  Rig rig;
  rig.housekeeper.look_up(TopicId{1}, "topic");
  REQUIRE(rig.until([&] { return rig.answers >= 5; }));
  REQUIRE(rig.reports.size() == 1);
  CHECK(rig.reports[0].topic == TopicId{1});
  CHECK(rig.reports[0].partitions == 3);
  CHECK(rig.wakes >= 5);

  rig.cluster.set_topic_error("topic", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  REQUIRE(rig.until([&] { return rig.reports.size() == 2; }));
  REQUIRE(rig.reports[1].failure);
  CHECK(rig.reports[1].failure->reason == Reason::missing);
}

TEST_CASE("a topic that is not there is left alone until it is asked for", "[housekeeper]") {
  Rig rig;
  rig.cluster.create_topic("other");
  rig.cluster.set_topic_error("topic", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  rig.housekeeper.look_up(TopicId{0}, "topic");
  rig.housekeeper.look_up(TopicId{1}, "other");
  REQUIRE(rig.until([&] { return rig.reports.size() == 2; }));
  rig.cluster.set_topic_error("topic", RD_KAFKA_RESP_ERR_NO_ERROR);
  rig.answers = 0;
  REQUIRE(rig.until([&] { return rig.answers >= 5; }));  // about the other one
  CHECK(rig.reports.size() == 2);
  rig.housekeeper.look_up(TopicId{0}, "topic");
  REQUIRE(rig.until([&] { return rig.reports.size() == 3; }));
  CHECK(rig.reports[2].partitions == 3);
}

TEST_CASE("who asks is answered, whether there is news or not", "[housekeeper]") {
  Rig rig;
  for (std::size_t asked = 1; asked <= 3; ++asked) {
    rig.housekeeper.look_up(TopicId{0}, "topic");
    REQUIRE(rig.until([&] { return rig.reports.size() == asked; }));
  }
}

TEST_CASE("a limit that brokers do not tell is said once, and keeps no topic closed", "[housekeeper]") {
  Rig rig;  // mock brokers tell no topic's properties
  rig.cluster.create_topic("other");
  rig.housekeeper.look_up(TopicId{0}, "topic");
  rig.housekeeper.look_up(TopicId{1}, "other");
  REQUIRE(rig.until([&] { return rig.reports.size() == 2 && rig.answers >= 5; }));
  for (const auto& report : rig.reports) {
    CHECK_FALSE(report.failure);
    CHECK_FALSE(report.largest_record);
  }
  REQUIRE(rig.unknown_limits.size() == 1);
  CHECK(rig.unknown_limits.front().starts_with("max.message.bytes of topic "));
}

TEST_CASE("nobody answers for a while", "[housekeeper]") {
  Rig rig;
  rig.cluster.go_away();
  rig.housekeeper.look_up(TopicId{0}, "topic");
  REQUIRE(rig.until([&] { return rig.failure.has_value(); }));
  CHECK(rig.failure->remedy == Remedy::retry);  // of a lost connection, or of an answer that did not come
  CHECK(rig.reports.empty());
  rig.cluster.come_back();
  REQUIRE(rig.until([&] { return rig.reports.size() == 1; }));
  CHECK(rig.reports[0].partitions == 3);
}

TEST_CASE("an answer that takes longer than the first patience is waited for", "[housekeeper]") {
  Rig rig;
  rig.cluster.delay_answers(Housekeeper::shortest_timeout + 500ms);
  rig.housekeeper.look_up(TopicId{0}, "topic");
  REQUIRE(rig.until([&] { return rig.reports.size() == 1; }));
  CHECK(rig.failure.has_value());
}

TEST_CASE("a producer that was replaced is destroyed there, also while a look-up uses it", "[housekeeper]") {
  Rig rig;
  auto first = rig.make_producer();
  const std::weak_ptr<Producer> watched = first;
  rig.housekeeper.use(std::move(first));
  rig.housekeeper.look_up(TopicId{0}, "topic");
  rig.housekeeper.use(rig.make_producer());
  CHECK(eventually([&] { return watched.expired(); }));
  REQUIRE(rig.until([&] { return rig.reports.size() == 1; }));
}

TEST_CASE("a topic that somebody waits for comes before those that are checked from time to time",
          "[housekeeper]") {
  Rig rig;
  constexpr std::uint32_t known = 30;
  const auto name_of = [](std::uint32_t number) { return "known-" + std::to_string(number); };
  for (std::uint32_t number = 1; number <= known; ++number) {
    rig.cluster.create_topic(name_of(number));
    rig.housekeeper.look_up(TopicId{number}, name_of(number));
  }
  REQUIRE(rig.until([&] { return rig.reports.size() == known; }));
  // From here on each check takes longer than the pause between two: all others are due.
  rig.cluster.delay_answers(30ms);
  for (std::uint32_t number = 1; number <= known; ++number)
    rig.cluster.set_topic_error(name_of(number), RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  rig.reports.clear();
  rig.housekeeper.look_up(TopicId{0}, "topic");
  REQUIRE(rig.until([&] { return rig.reports.size() == known + 1; }));
  const auto place = std::ranges::find(rig.reports, TopicId{0}, &TopicReport::topic) - rig.reports.begin();
  CHECK(place <= known / 3);
}
