#include "telemetry/repeats.h"

#include <chrono>

#include "support/catch.h"

using namespace outbox_relay::telemetry;
using namespace std::chrono_literals;

namespace {

struct Story {
  Repeats repeats;
  TimePoint now{1h};

  void pass(Duration duration) { now += duration; }
  std::optional<Repeats::Said> fail(std::string_view kind = "refused") { return repeats.failed(now, kind); }
  std::optional<Repeats::Said> recover() { return repeats.recovered(now); }
};

}  // namespace

TEST_CASE("the first failure is said at once, its repetitions once an interval with their number",
          "[repeats]") {
  Story story;
  const auto first = story.fail();
  REQUIRE(first);
  CHECK(first->times == 1);
  for (int i = 0; i < 29; ++i) {
    story.pass(1s);
    CHECK_FALSE(story.fail());
  }
  story.pass(1s);
  const auto next = story.fail();
  REQUIRE(next);
  CHECK(next->times == 30);
  CHECK(next->lasting == 30s);
  story.pass(29s);
  CHECK_FALSE(story.fail());
}

TEST_CASE("a failure of another kind is said at once", "[repeats]") {
  Story story;
  CHECK(story.fail("refused"));
  CHECK(story.fail("timed out"));
  CHECK_FALSE(story.fail("refused"));
  CHECK_FALSE(story.fail("timed out"));
}

TEST_CASE("the recovery is said once, with how long the trouble lasted", "[repeats]") {
  Story story;
  CHECK(story.fail());
  CHECK(story.repeats.is_failing());
  story.pass(12s);
  CHECK_FALSE(story.fail());
  story.pass(1s);
  const auto recovered = story.recover();
  REQUIRE(recovered);
  CHECK(recovered->lasting == 13s);
  CHECK(recovered->times == 1);
  CHECK_FALSE(story.repeats.is_failing());
  CHECK_FALSE(story.recover());
}

TEST_CASE("nothing is said of a success that follows a success", "[repeats]") {
  Story story;
  CHECK_FALSE(story.recover());
}

TEST_CASE("a new trouble soon after a recovery is news", "[repeats]") {
  Story story;
  CHECK(story.fail());
  story.pass(3s);
  CHECK(story.recover());
  story.pass(3s);
  const auto again = story.fail();
  REQUIRE(again);
  CHECK(again->times == 1);
  CHECK(again->lasting == 0s);
}

TEST_CASE("failures that alternate with recoveries do not flood the log", "[repeats]") {
  Story story;
  int failures = 0;
  int recoveries = 0;
  for (int i = 0; i < 1000; ++i) {
    failures += story.fail() ? 1 : 0;
    recoveries += story.recover() ? 1 : 0;
    story.pass(1ms);
  }
  CHECK(failures == 4);
  CHECK(recoveries == 4);  // what was not said does not recover either
  story.pass(30s);
  const auto next = story.fail();
  REQUIRE(next);
  CHECK(next->times == 1000 - 4 + 1);
}

TEST_CASE("news is said each time, until the lines of an interval are used up", "[repeats]") {
  Story story;
  int said = 0;
  for (int i = 0; i < 1000; ++i) said += story.repeats.news(story.now) == 1U ? 1 : 0;
  CHECK(said == 4);
  story.pass(30s);
  CHECK(story.repeats.news(story.now) == 997U);
  CHECK(story.repeats.news(story.now) == 1U);
}

TEST_CASE("failures of ever new kinds do not flood the log", "[repeats]") {
  Story story;
  int said = 0;
  for (int i = 0; i < 1000; ++i) said += story.fail(std::to_string(i)) ? 1 : 0;
  CHECK(said == 4);
}
