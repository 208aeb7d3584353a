// Notifications make polls earlier, and nothing depends on them.
#include "pipeline_story.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::simulation;
using namespace std::chrono_literals;

namespace {

constexpr auto poll_interval = 60s;

/// An outbox whose polls have become rare: the next one is more than ten seconds away.
struct IdleStory : Story {
  explicit IdleStory(bool listens = true) : Story(1, {.poll_interval = poll_interval}) {
    source.listens = listens;
    pass(3 * poll_interval);
    for (auto polls = probe.polls; polls == probe.polls;) pass(1s);
    pass(1s);
  }

  [[nodiscard]] std::size_t polls_by(core::PollCause cause) { return probe.polls_by[cause]; }
};

}  // namespace

TEST_CASE("a row is relayed as soon as a notification tells of it, however rare the polls", "[listening]") {
  IdleStory s;
  s.source.pending = {1};
  s.source.notify();
  s.pass(100ms);
  CHECK(s.probe.completed_rows == 1);
  CHECK(s.polls_by(core::PollCause::notification) == 1);
}

TEST_CASE("a row that no notification tells of is relayed by the next poll", "[listening]") {
  IdleStory s;
  s.source.pending = {1};
  s.pass(10s);
  CHECK(s.probe.completed_rows == 0);
  s.pass(poll_interval);
  CHECK(s.probe.completed_rows == 1);
  CHECK(s.polls_by(core::PollCause::notification) == 0);
}

TEST_CASE("a notification that comes while a page is fetched is followed by another fetch", "[listening]") {
  IdleStory s;
  s.source.fetching_takes = 2s;  // what it returns is read at its end, so this row is not missed by it alone
  s.source.notify();
  s.pass(1s);
  s.source.notify();
  s.source.fetching_takes = 1ms;
  s.pass(2s);
  CHECK(s.polls_by(core::PollCause::notification) == 2);
}

TEST_CASE("a storm of notifications makes no more polls than poll_interval_min allows", "[listening]") {
  IdleStory s;
  const auto before = s.probe.polls;
  for (int at = 0; at < 1000; ++at) {
    s.source.notify();
    s.pass(1ms);
  }
  CHECK(s.probe.polls - before > 50);
  CHECK(s.probe.polls - before <= 1s / core::PlanSettings{}.poll_interval_min + 1);
}

TEST_CASE("notifications are taken, and make no fetch, while there is no room for rows", "[listening]") {
  IdleStory s;
  s.kafka.silent_partitions = {{"orders", 0}, {"orders", 1}};
  for (std::int64_t id = 1; id <= 30'000; ++id) s.source.pending.insert(id);
  s.source.notify();
  s.pass(5s);
  REQUIRE(s.pipeline.plan().window().rows() > 0);
  const auto polls = s.probe.polls;
  const auto listenings = s.source.listenings;
  for (int at = 0; at < 10; ++at) {
    s.source.notify();
    s.pass(1ms);
  }
  CHECK(s.probe.polls == polls);
  CHECK(s.source.listenings >= listenings + 10);
}

TEST_CASE("a session that is lost while it listens is replaced at once, and what was missed is fetched",
          "[listening]") {
  IdleStory s;
  s.source.pending = {1};  // its notification went to the lost session
  s.source.lose_listener();
  s.pass(1s);
  CHECK(s.source.opens == 2);
  CHECK(s.probe.completed_rows == 1);
  CHECK(s.probe.failures == std::vector{Activity::fetch});
  CHECK(s.probe.recoveries == std::vector{Activity::fetch});
}

TEST_CASE("a relay that listens ends when it is told to", "[listening]") {
  IdleStory s;
  SECTION("in order") {
    s.pipeline.stop();
  }
  SECTION("at once") {
    s.pipeline.abandon();
  }
  s.pass(100ms);
  CHECK(s.ended);
}

TEST_CASE("where nobody listens, polls go by the timer alone", "[listening]") {
  IdleStory s{false};
  s.source.notify();
  s.pass(1s);
  CHECK(s.source.listenings == 0);
  CHECK(s.polls_by(core::PollCause::notification) == 0);
}
