#include "page/words.h"

#include <cmath>

#include "support/catch.h"
#include "telemetry/messages.h"

using namespace outbox_relay::page;
using namespace outbox_relay;
using namespace std::chrono_literals;

TEST_CASE("numbers are shown in groups, and what is not known is no number", "[words]") {
  CHECK(count(0) == "0");
  CHECK(count(999) == "999");
  CHECK(count(1000) == "1\u202F000");
  CHECK(count(1'234'567) == "1\u202F234\u202F567");
  CHECK(count(NAN) == "unknown");
  CHECK(count(INFINITY) == "unknown");
}

TEST_CASE("speeds below ten have a decimal", "[words]") {
  CHECK(speed(0) == "0");
  CHECK(speed(0.42) == "0.4");
  CHECK(speed(219.8) == "220");
  CHECK(speed(NAN) == "unknown");
}

TEST_CASE("times are in UTC, and ages never negative", "[words]") {
  const telemetry::WallTime time{1'795'000'000s};
  CHECK(moment(time) == "2026-11-18 11:06:40 UTC");
  CHECK(age(time, time + 192s) == "3m 12s");
  CHECK(age(time, time - 1h) == "0s");
}

TEST_CASE("there is always something to be done, if only to wait", "[words]") {
  telemetry::Trouble trouble{.message = telemetry::Message::publishing_failed, .lasts = true};
  for (const auto remedy : {core::Remedy::retry, core::Remedy::rebuild, core::Remedy::isolate,
                            core::Remedy::hold_topic, core::Remedy::park, core::Remedy::operate}) {
    trouble.failure.remedy = remedy;
    CHECK_FALSE(advice_on(trouble).empty());
  }
  trouble.failure.hint = "raise the limit";
  CHECK(advice_on(trouble) == "raise the limit");
  trouble.message = telemetry::Message::row_parked;
  CHECK(advice_on(trouble) == "raise the limit; then `outbox-relay parked requeue` or `discard`");
}

TEST_CASE("a standby is calm, a start too until something fails", "[words]") {
  telemetry::OutboxOverview outbox{.name = "orders"};
  CHECK(tone_of(outbox) == Tone::calm);
  outbox.troubles.push_back({.lasts = true});
  CHECK(tone_of(outbox) == Tone::bad);  // not ready
  outbox = {.name = "orders", .state = relay::State::standby, .readiness = {.is_good = true}};
  CHECK(tone_of(outbox) == Tone::calm);
  CHECK(role_of(outbox) == "another relay leads");
}

TEST_CASE("what waits for somebody is odd, what is not ready is bad", "[words]") {
  telemetry::OutboxOverview outbox{
      .name = "orders", .state = relay::State::relaying, .leads = true, .readiness = {.is_good = true}};
  CHECK(tone_of(outbox) == Tone::good);
  outbox.troubles.push_back({.lasts = false});
  CHECK(tone_of(outbox) == Tone::good);
  outbox.parked_rows = 1;
  CHECK(tone_of(outbox) == Tone::odd);
  outbox.readiness.is_good = false;
  CHECK(tone_of(outbox) == Tone::bad);
}
