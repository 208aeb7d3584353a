#include "core/backoff.h"

#include "support/catch.h"

using outbox_relay::core::Backoff;
using namespace std::chrono_literals;

TEST_CASE("each delay is twice the one before, up to the cap") {
  Backoff backoff{[] { return 0.0; }, 100ms, 1000ms};
  CHECK(backoff.next() == 50ms);
  CHECK(backoff.next() == 100ms);
  CHECK(backoff.next() == 200ms);
  CHECK(backoff.next() == 400ms);
  CHECK(backoff.next() == 500ms);
  CHECK(backoff.next() == 500ms);
}

TEST_CASE("chance spreads a delay over its upper half") {
  double chance = 0.0;
  Backoff backoff{[&chance] { return chance; }, 100ms, 100ms};
  CHECK(backoff.next() == 50ms);
  chance = 0.999;
  CHECK(backoff.next() == 99ms);
}

TEST_CASE("after success the delays begin anew") {
  Backoff backoff{[] { return 0.0; }, 100ms, 1000ms};
  (void)backoff.next();
  (void)backoff.next();
  backoff.reset();
  CHECK(backoff.next() == 50ms);
}
