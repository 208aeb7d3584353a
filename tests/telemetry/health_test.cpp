#include "telemetry/health.h"

#include <chrono>
#include <limits>
#include <string>

#include "observed.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::telemetry;
using namespace std::chrono_literals;

namespace {

/// One outbox named `orders` whose pipeline beats, with the default limits: 30 s for the beat, 60 s until
/// stale.
struct Relay {
  TimePoint now{1h};
  Health health{{.now = [this] { return now; }, .wall = {}}};
  OutboxHealth& orders = health.add("orders", {});

  void pass(Duration duration) {
    now += duration;
    orders.beat(now);
  }
  void poll(std::size_t rows) {
    orders.polled();
    orders.in_flight(rows, now);
    orders.state_changed(rows == 0 ? relay::State::idle : relay::State::relaying);
  }
  void complete_all() {
    orders.completed(now);
    orders.in_flight(0, now);
  }
  [[nodiscard]] bool is_ready() const { return health.readiness(false).is_good; }
  [[nodiscard]] bool is_alive() const { return health.liveness(false).is_good; }
};

}  // namespace

TEST_CASE("not ready before there is an outbox", "[health]") {
  const Health health{Time{}};
  CHECK_FALSE(health.readiness(false).is_good);
  CHECK(health.liveness(false).is_good);
}

TEST_CASE("ready after the first poll, and not before", "[health]") {
  Relay relay;
  CHECK_FALSE(relay.is_ready());
  relay.pass(1h);
  CHECK_FALSE(relay.is_ready());
  relay.poll(0);
  CHECK(relay.is_ready());
}

TEST_CASE("not ready before every outbox was polled", "[health]") {
  Relay relay;
  auto& payments = relay.health.add("payments", {});
  relay.poll(0);
  CHECK_FALSE(relay.is_ready());
  payments.polled();
  CHECK(relay.is_ready());
}

TEST_CASE("an outbox whose pipeline is replaced stays ready, unless no other one follows", "[health]") {
  Relay relay;
  relay.poll(0);
  relay.orders.replaced();
  relay.orders.state_changed(relay::State::draining);
  CHECK(relay.is_ready());

  SECTION("the next one begins where it was") {
    relay.orders.begun({}, relay.now);
    CHECK(relay.is_ready());
    relay.orders.state_changed(relay::State::starting);
    CHECK(relay.is_ready());
  }
  SECTION("the process ends") {
    relay.orders.stops();
    CHECK_FALSE(relay.is_ready());
  }
  SECTION("the old one ends, and hangs then") {
    relay.orders.ended();
    relay.now += 31s;
    CHECK_FALSE(relay.health.liveness(false).is_good);
  }
}

TEST_CASE("an idle outbox stays ready for ever", "[health]") {
  Relay relay;
  relay.poll(0);
  relay.orders.sampled(0, relay.now);
  relay.pass(24h);
  CHECK(relay.is_ready());
}

TEST_CASE("rows in flight that nobody completes make it stale", "[health]") {
  Relay relay;
  relay.poll(10);
  relay.pass(59s);
  CHECK(relay.is_ready());
  relay.pass(1s);
  CHECK_FALSE(relay.is_ready());
  relay.complete_all();
  CHECK(relay.is_ready());
}

TEST_CASE("the time without success counts from the backlog's start, not from the last success", "[health]") {
  Relay relay;
  relay.poll(1);
  relay.complete_all();
  relay.pass(24h);
  relay.poll(1);
  relay.pass(59s);
  CHECK(relay.is_ready());
}

TEST_CASE("the time without success counts from the last success, not from the backlog's start", "[health]") {
  Relay relay;
  relay.poll(10);
  for (int minute = 0; minute < 60; ++minute) {
    relay.pass(50s);
    relay.orders.completed(relay.now);
    relay.orders.in_flight(10, relay.now);  // as many again: the window is never empty
  }
  CHECK(relay.is_ready());
  relay.pass(60s);
  CHECK_FALSE(relay.is_ready());
}

TEST_CASE("rows in the table that no poll finds make it stale", "[health]") {
  Relay relay;
  relay.poll(0);
  relay.orders.sampled(3, relay.now);
  for (int second = 5; second < 60; second += 5) {
    relay.pass(5s);
    relay.poll(0);
    relay.orders.sampled(3, relay.now);
    CHECK(relay.is_ready());
  }
  relay.pass(5s);
  relay.orders.sampled(3, relay.now);
  CHECK_FALSE(relay.is_ready());
  CHECK(relay.health.readiness(false).text ==
        "not ok\n[-] orders idle: rows are pending and none was completed for 60 s\n");
  relay.orders.sampled(0, relay.now);
  CHECK(relay.is_ready());
}

TEST_CASE("a row that was sampled and completed since is not taken for a backlog", "[health]") {
  Relay relay;
  relay.poll(1);
  relay.orders.sampled(1, relay.now);
  relay.complete_all();
  relay.pass(10min);  // longer than `stale_after`, shorter than a slow sample interval
  CHECK(relay.is_ready());
}

TEST_CASE("an outbox that cannot be read may hold anything: stale", "[health]") {
  Relay relay;
  relay.poll(0);
  relay.orders.sampled(0, relay.now);
  relay.orders.state_changed(relay::State::backing_off);
  relay.orders.poll_failed(relay.now);
  relay.pass(59s);
  relay.orders.poll_failed(relay.now);
  relay.orders.sampled(std::numeric_limits<double>::quiet_NaN(), relay.now);
  CHECK(relay.is_ready());
  relay.pass(1s);
  CHECK_FALSE(relay.is_ready());
  relay.poll(0);
  CHECK(relay.is_ready());
}

TEST_CASE("halted, waiting for somebody, or draining: not ready", "[health]") {
  Relay relay;
  relay.poll(0);
  for (const auto state :
       {relay::State::halted, relay::State::waiting_for_operator, relay::State::draining}) {
    relay.orders.state_changed(state);
    CHECK_FALSE(relay.is_ready());
    CHECK(relay.is_alive());
    relay.orders.state_changed(relay::State::idle);
    CHECK(relay.is_ready());
  }
}

TEST_CASE("a standby is ready, although it never polls", "[health]") {
  Relay relay;
  relay.orders.state_changed(relay::State::standby);
  relay.pass(24h);
  CHECK(relay.is_ready());
}

TEST_CASE("what waited while another relay worked does not count against the one that takes over",
          "[health]") {
  Relay relay;
  relay.orders.poll_failed(relay.now);
  relay.orders.state_changed(relay::State::standby);
  for (int sample = 0; sample < 100; ++sample) {
    relay.pass(5s);
    relay.orders.sampled(3, relay.now);
  }
  relay.orders.state_changed(relay::State::relaying);
  relay.poll(3);
  CHECK(relay.is_ready());
  relay.pass(59s);
  CHECK(relay.is_ready());
  relay.pass(1s);
  CHECK_FALSE(relay.is_ready());
}

TEST_CASE("alive as long as each pipeline beats", "[health]") {
  Relay relay;
  auto& payments = relay.health.add("payments", {});
  relay.pass(30s);
  CHECK(relay.is_alive());
  relay.pass(1s);
  CHECK_FALSE(relay.is_alive());  // payments has not beaten since it was made
  CHECK(relay.health.liveness(false).text ==
        "not ok\n[-] payments starting: its loop has not turned for 31 s\n");
  payments.beat(relay.now);
  CHECK(relay.is_alive());
}

TEST_CASE("a pipeline that has left in order need not beat", "[health]") {
  Relay relay;
  relay.orders.ended();
  relay.now += 10min;
  CHECK(relay.is_alive());
}

TEST_CASE("whatever the servers do, it stays alive", "[health]") {
  Relay relay;
  relay.poll(10);
  relay.orders.poll_failed(relay.now);
  relay.orders.state_changed(relay::State::waiting_for_operator);
  relay.pass(24h);
  CHECK_FALSE(relay.is_ready());
  CHECK(relay.is_alive());
}

TEST_CASE("verbose lists each outbox with its state and the reason", "[health]") {
  Relay relay;
  relay.health.add("payments", {});
  relay.poll(0);
  CHECK(relay.health.readiness(true).text ==
        "not ok\n"
        "[+] orders idle: makes progress\n"
        "[-] payments starting: the outbox was not read yet\n");
  CHECK(relay.health.readiness(false).text ==
        "not ok\n"
        "[-] payments starting: the outbox was not read yet\n");
  CHECK(relay.health.liveness(true).text ==
        "ok\n"
        "[+] orders idle: alive\n"
        "[+] payments starting: alive\n");
  CHECK(relay.health.liveness(false).text == "ok\n");
}

TEST_CASE("an outbox that only parks rows makes progress", "[health]") {
  Observed observed;
  observed.orders.state_changed(relay::State::relaying);
  observed.orders.fetched(core::PollCause::timer, 10, 0);
  observed.orders.in_flight(10, {});
  const auto pass = [&](std::chrono::seconds duration) {
    observed.clock.pass(duration);
    observed.orders.beat();
  };
  pass(50s);
  observed.orders.parked(core::RowId{1}, {core::Reason::too_large, core::Remedy::park, "too large", ""});
  pass(50s);
  observed.orders.held(3);
  pass(50s);
  CHECK(observed.telemetry.health().readiness(false).is_good);
  pass(10s);
  CHECK_FALSE(observed.telemetry.health().readiness(false).is_good);
}
