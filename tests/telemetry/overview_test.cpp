#include "telemetry/overview.h"

#include <cmath>

#include "support/catch.h"
#include "telemetry/observed.h"

using namespace outbox_relay;
using namespace outbox_relay::telemetry;
using namespace std::chrono_literals;

namespace {

OutboxOverview orders(Observed& observed) {
  return observed.telemetry.overview().outboxes.at(0);
}

const core::Failure unreachable{
    .reason = core::Reason::connection, .message = "all brokers are down", .hint = "is Kafka running?"};
const core::Failure too_large{
    .reason = core::Reason::too_large, .remedy = core::Remedy::park, .message = "too large", .hint = {}};

}  // namespace

TEST_CASE("the overview shows what metrics and health know", "[overview]") {
  Observed observed;
  observed.orders.state_changed(relay::State::relaying);
  observed.orders.leading(true);
  observed.orders.fetched(core::PollCause::timer, 7, 0);
  observed.orders.in_flight(7, {100});
  observed.orders.sampled({.backlog_rows = 12'000,
                           .is_estimate = true,
                           .backlog_oldest_timestamp_seconds = to_timestamp(observed.clock.wall) - 90,
                           .parked_rows = 2,
                           .held_rows = 30});
  const auto overview = observed.telemetry.overview();
  CHECK(overview.build.version == "1.2.3");
  CHECK(overview.now == observed.clock.wall);
  CHECK(overview.start_timestamp_seconds > 1'700'000'000);
  REQUIRE(overview.outboxes.size() == 1);
  const auto& outbox = overview.outboxes[0];
  CHECK(outbox.name == "orders");
  CHECK(outbox.state == relay::State::relaying);
  CHECK(outbox.leads);
  CHECK(outbox.readiness.is_good);
  CHECK(outbox.backlog_rows == 12'000);
  CHECK(outbox.backlog_is_estimate);
  CHECK(std::lround(outbox.oldest_pending_age_seconds) == 90);
  CHECK(outbox.in_flight_rows == 7);
  CHECK(outbox.in_flight_limit_rows == 20'000);
  CHECK(outbox.parked_rows == 2);
  CHECK(outbox.held_rows == 30);
  CHECK(outbox.troubles.empty());
}

TEST_CASE("what nobody has asked the database yet is not known", "[overview]") {
  Observed observed;
  const auto outbox = orders(observed);
  CHECK(std::isnan(outbox.backlog_rows));
  CHECK(std::isnan(outbox.parked_rows));
  CHECK(std::isnan(outbox.acknowledged_per_second));
  CHECK_FALSE(outbox.readiness.is_good);
}

TEST_CASE("the speed is that of the last seconds", "[overview]") {
  Observed observed;
  const auto second = [&observed](std::size_t records) {
    observed.orders.beat();
    observed.orders.acknowledged(records, {}, {}, {});
    observed.clock.pass(1s);
  };
  for (int i = 0; i < 20; ++i) second(500);
  CHECK(orders(observed).acknowledged_per_second == 500);
  for (int i = 0; i < 5; ++i) second(0);
  CHECK(orders(observed).acknowledged_per_second < 500);
  CHECK(orders(observed).acknowledged_per_second > 0);
  for (int i = 0; i < 10; ++i) second(0);
  CHECK(orders(observed).acknowledged_per_second == 0);
}

TEST_CASE("a failure is shown with its remedy while it lasts, and remembered afterwards", "[overview]") {
  Observed observed;
  const auto began = observed.clock.wall;
  observed.orders.failed(relay::Activity::publish, unreachable);
  observed.clock.pass(5s);
  observed.orders.failed(relay::Activity::publish, unreachable);
  auto troubles = orders(observed).troubles;
  REQUIRE(troubles.size() == 1);
  CHECK(troubles[0].message == Message::publishing_failed);
  CHECK(troubles[0].failure.message == "all brokers are down");
  CHECK(troubles[0].failure.hint == "is Kafka running?");
  CHECK(troubles[0].since == began);
  CHECK(troubles[0].latest == began + 5s);
  CHECK(troubles[0].times == 2);
  CHECK(troubles[0].lasts);

  observed.orders.recovered(relay::Activity::publish);
  troubles = orders(observed).troubles;
  REQUIRE(troubles.size() == 1);
  CHECK_FALSE(troubles[0].lasts);

  observed.clock.pass(5s);
  observed.orders.failed(relay::Activity::publish, unreachable);
  troubles = orders(observed).troubles;
  CHECK(troubles.at(0).since == began + 10s);
  CHECK(troubles.at(0).times == 1);
}

TEST_CASE("all that lasts is shown, the latest first, and what is over only when nothing lasts",
          "[overview]") {
  Observed observed;
  observed.orders.failed(relay::Activity::complete, unreachable);
  observed.orders.recovered(relay::Activity::complete);
  observed.orders.failed(relay::Activity::fetch, unreachable);
  observed.clock.pass(1s);
  observed.orders.topic_held("orders.ghost",
                             {.reason = core::Reason::missing, .message = "no such topic", .hint = {}});
  observed.orders.held_topics(1);
  const auto troubles = orders(observed).troubles;
  REQUIRE(troubles.size() == 2);
  CHECK(troubles[0].subject == "topic orders.ghost");
  CHECK(troubles[1].message == Message::fetching_failed);

  observed.orders.held_topics(0);
  observed.orders.recovered(relay::Activity::fetch);
  const auto over = orders(observed).troubles;
  REQUIRE(over.size() == 1);
  CHECK(over[0].subject == "topic orders.ghost");
}

TEST_CASE("a parked row waits for somebody as long as there is one in the table", "[overview]") {
  Observed observed;
  observed.orders.parked(core::RowId{6}, too_large);
  CHECK(orders(observed).troubles.at(0).lasts);
  observed.orders.sampled({.parked_rows = 0});  // taken just before
  observed.orders.sampled({.parked_rows = 1});
  CHECK(orders(observed).troubles.at(0).lasts);
  CHECK(orders(observed).troubles.at(0).subject == "row 6");
  observed.orders.sampled({});  // the database is away: nothing is known
  CHECK(orders(observed).troubles.at(0).lasts);
  observed.orders.sampled({.parked_rows = 0});
  CHECK_FALSE(orders(observed).troubles.at(0).lasts);
}

TEST_CASE("with a new pipeline old failures are over, and parked rows still wait", "[overview]") {
  Observed observed;
  observed.orders.failed(relay::Activity::publish, unreachable);
  observed.orders.parked(core::RowId{6}, too_large);
  observed.orders.begun({.name = "orders", .limit_rows = 10, .limit_bytes = {100}, .health = {}});
  const auto troubles = orders(observed).troubles;
  REQUIRE(troubles.size() == 1);
  CHECK(troubles[0].message == Message::row_parked);
}

TEST_CASE("a row in the dead letter topic is news, and nothing that lasts", "[overview]") {
  Observed observed;
  observed.orders.dead_lettered(core::RowId{6}, too_large);
  REQUIRE(orders(observed).troubles.size() == 1);
  CHECK_FALSE(orders(observed).troubles[0].lasts);
}
