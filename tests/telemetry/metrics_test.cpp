#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.h"
#include "telemetry/observed.h"

using namespace outbox_relay;
using namespace outbox_relay::telemetry;
using namespace std::chrono_literals;

TEST_CASE("what cannot be known is NaN, never 0", "[metrics]") {
  Observed observed;
  const std::vector<std::string> sampled{"backlog_rows",    "backlog_oldest_timestamp_seconds",
                                         "parked_rows",     "held_rows",
                                         "table_dead_rows", "oldest_snapshot_age_seconds"};
  SECTION("before the first sample") {
    for (const auto& family : sampled) CHECK(observed.value(family + "{outbox=\"orders\"}") == "Nan");
  }
  SECTION("when the database does not tell any more") {
    observed.orders.sampled({.backlog_rows = 7,
                             .backlog_oldest_timestamp_seconds = 1'700'000'000.5,
                             .parked_rows = 2,
                             .held_rows = 30,
                             .table_dead_rows = 12,
                             .oldest_snapshot_age_seconds = 1.5});
    CHECK(observed.value("backlog_rows{outbox=\"orders\"}") == "7");
    CHECK(observed.value("backlog_oldest_timestamp_seconds{outbox=\"orders\"}") == "1700000000.5");
    CHECK(observed.value("parked_rows{outbox=\"orders\"}") == "2");
    CHECK(observed.value("held_rows{outbox=\"orders\"}") == "30");
    CHECK(observed.value("table_dead_rows{outbox=\"orders\"}") == "12");
    CHECK(observed.value("oldest_snapshot_age_seconds{outbox=\"orders\"}") == "1.5");
    observed.orders.sampled({});
    for (const auto& family : sampled) CHECK(observed.value(family + "{outbox=\"orders\"}") == "Nan");
  }
}

TEST_CASE("an empty outbox has no oldest row: 0", "[metrics]") {
  Observed observed;
  Sample sample;
  sample.backlog_rows = 0;
  observed.orders.sampled(sample);
  CHECK(observed.value("backlog_rows{outbox=\"orders\"}") == "0");
  CHECK(observed.value("backlog_oldest_timestamp_seconds{outbox=\"orders\"}") == "0");
}

TEST_CASE("rows are counted at each step of their way", "[metrics]") {
  Observed observed;
  observed.orders.fetched(core::PollCause::full_page, 1000, 3);
  observed.orders.acknowledged(900, {4096}, {}, {});
  observed.orders.acknowledged(50, {4}, {}, {});
  observed.orders.completed(800);
  observed.orders.redelivering(2);
  observed.orders.in_flight(200, {8192});
  observed.orders.held_topics(1);
  CHECK(observed.value("rows_fetched_total{outbox=\"orders\"}") == "1000");
  CHECK(observed.value("late_rows_total{outbox=\"orders\"}") == "3");
  CHECK(observed.value("polls_total{cause=\"full_page\",outbox=\"orders\"}") == "1");
  CHECK(observed.value("polls_total{cause=\"timer\",outbox=\"orders\"}") == "0");
  CHECK(observed.value("records_published_total{outbox=\"orders\"}") == "950");
  CHECK(observed.value("published_bytes_total{outbox=\"orders\"}") == "4100");
  CHECK(observed.value("rows_completed_total{outbox=\"orders\"}") == "800");
  CHECK(observed.value("records_redelivered_total{outbox=\"orders\"}") == "2");
  CHECK(observed.value("in_flight_rows{outbox=\"orders\"}") == "200");
  CHECK(observed.value("in_flight_bytes{outbox=\"orders\"}") == "8192");
  CHECK(observed.value("in_flight_limit_rows{outbox=\"orders\"}") == "20000");
  CHECK(observed.value("in_flight_limit_bytes{outbox=\"orders\"}") == "33554432");
  CHECK(observed.value("held_topics{outbox=\"orders\"}") == "1");
}

TEST_CASE("failures are counted by activity and reason, each time", "[metrics]") {
  Observed observed;
  const core::Failure failure{.reason = core::Reason::not_in_sync, .message = "too few replicas", .hint = {}};
  for (int i = 0; i < 5; ++i) observed.orders.failed(relay::Activity::publish, failure);
  CHECK(observed.value("publish_failures_total{outbox=\"orders\",reason=\"not_in_sync\"}") == "5");
  CHECK(observed.value("publish_failures_total{outbox=\"orders\",reason=\"connection\"}") == "0");
  CHECK(observed.value("fetch_failures_total{outbox=\"orders\",reason=\"not_in_sync\"}") == "0");
  CHECK(observed.value("complete_failures_total{outbox=\"orders\",reason=\"not_in_sync\"}") == "0");
}

TEST_CASE("refused rows are counted by reason and by what became of them", "[metrics]") {
  Observed observed;
  const core::Failure large{
      .reason = core::Reason::too_large, .remedy = core::Remedy::park, .message = "large", .hint = {}};
  observed.orders.parked(core::RowId{7}, large);
  observed.orders.parked(core::RowId{8}, large);
  observed.orders.dead_lettered(core::RowId{9}, large);
  observed.orders.held(100);
  observed.orders.requeued(102);
  CHECK(observed.value("rows_parked_total{outbox=\"orders\",reason=\"too_large\"}") == "2");
  CHECK(observed.value("rows_parked_total{outbox=\"orders\",reason=\"invalid_record\"}") == "0");
  CHECK(observed.value("rows_dead_lettered_total{outbox=\"orders\",reason=\"too_large\"}") == "1");
  CHECK(observed.value("rows_requeued_total{outbox=\"orders\"}") == "102");
  CHECK(observed.value("publish_failures_total{outbox=\"orders\",reason=\"too_large\"}") == "0");
}

TEST_CASE("the leader is the relay that works", "[metrics]") {
  Observed observed;
  CHECK(observed.value("leader{outbox=\"orders\"}") == "0");
  observed.orders.leading(true);
  CHECK(observed.value("leader{outbox=\"orders\"}") == "1");
  observed.orders.leading(false);
  CHECK(observed.value("leader{outbox=\"orders\"}") == "0");
}

TEST_CASE("connections and producers are counted", "[metrics]") {
  Observed observed;
  observed.orders.connection_opened(relay::Purpose::complete);
  observed.orders.producer_created();
  CHECK(observed.value("connections_opened_total{outbox=\"orders\",purpose=\"complete\"}") == "1");
  CHECK(observed.value("connections_opened_total{outbox=\"orders\",purpose=\"fetch\"}") == "0");
  CHECK(observed.value("producers_created_total{outbox=\"orders\"}") == "1");
}

TEST_CASE("timestamps of what has not happened are 0, then the wall clock's", "[metrics]") {
  Observed observed;
  for (const std::string what : {"poll", "ack", "completion"}) {
    CHECK(observed.value("last_" + what + "_timestamp_seconds{outbox=\"orders\"}") == "0");
  }
  observed.orders.fetched(core::PollCause::timer, 0, 0);
  CHECK(observed.value("last_poll_timestamp_seconds{outbox=\"orders\"}") == "1795000000.25");
  observed.clock.pass(1s);
  observed.orders.acknowledged(1, {1}, {}, {});
  CHECK(observed.value("last_ack_timestamp_seconds{outbox=\"orders\"}") == "1795000001.25");
  observed.clock.pass(1s);
  observed.orders.completed(1);
  CHECK(observed.value("last_completion_timestamp_seconds{outbox=\"orders\"}") == "1795000002.25");
}

TEST_CASE("exactly one state is 1", "[metrics]") {
  Observed observed;
  const auto states_that_are_1 = [&] {
    std::vector<std::string> found;
    for (const auto state : all_states) {
      const std::string label(to_label(state));
      if (observed.value("state{outbox=\"orders\",state=\"" + label + "\"}") == "1") found.push_back(label);
    }
    return found;
  };
  CHECK(states_that_are_1() == std::vector<std::string>{"starting"});
  for (const auto state : all_states) {
    observed.orders.state_changed(state);
    CHECK(states_that_are_1() == std::vector{std::string(to_label(state))});
  }
}

TEST_CASE("a page's durations enter the histogram together", "[metrics]") {
  Observed observed;
  const std::vector<double> publish{0.0005, 0.001, 0.004, 70};
  const std::vector<double> end_to_end{-3, std::numeric_limits<double>::quiet_NaN(), 0.2};
  observed.orders.acknowledged(4, {1}, publish, end_to_end);
  const std::string series = "publish_duration_seconds_bucket{outbox=\"orders\",le=";
  CHECK(observed.value(series + "\"0.001\"}") == "2");  // a value on a bound belongs below it
  CHECK(observed.value(series + "\"0.005\"}") == "3");
  CHECK(observed.value(series + "\"60\"}") == "3");
  CHECK(observed.value(series + "\"+Inf\"}") == "4");
  CHECK(observed.value("publish_duration_seconds_count{outbox=\"orders\"}") == "4");
  CHECK(observed.value("publish_duration_seconds_sum{outbox=\"orders\"}") == "70.0055");

  // A row from the future counts as 0: the sum must never fall.
  CHECK(observed.value("end_to_end_duration_seconds_count{outbox=\"orders\"}") == "2");
  CHECK(observed.value("end_to_end_duration_seconds_sum{outbox=\"orders\"}") == "0.2");
}

TEST_CASE("queries and pages have their distributions", "[metrics]") {
  Observed observed;
  observed.orders.queried(relay::Query::complete, 20ms);
  observed.orders.fetched(core::PollCause::timer, 0, 0);
  observed.orders.fetched(core::PollCause::timer, 1000, 0);
  CHECK(observed.value("query_duration_seconds_count{outbox=\"orders\",query=\"complete\"}") == "1");
  CHECK(observed.value("query_duration_seconds_count{outbox=\"orders\",query=\"fetch\"}") == "0");
  CHECK(observed.value("page_rows_bucket{outbox=\"orders\",le=\"0\"}") == "1");
  CHECK(observed.value("page_rows_bucket{outbox=\"orders\",le=\"500\"}") == "1");
  CHECK(observed.value("page_rows_bucket{outbox=\"orders\",le=\"1000\"}") == "2");
}

TEST_CASE("an outbox that is removed leaves no series, and the others theirs", "[metrics]") {
  Observed observed;
  auto& audit =
      observed.telemetry.add_outbox({.name = "audit", .limit_rows = 5, .limit_bytes = {}, .health = {}});
  const auto series = [&observed] {
    const std::string text = observed.telemetry.render();
    std::size_t count = 0;
    for (auto at = text.find("\"audit\""); at != std::string::npos; at = text.find("\"audit\"", at + 1))
      ++count;
    return count;
  };
  audit.completed(7);
  observed.orders.completed(3);
  const auto before = series();
  CHECK(before > 0);
  observed.telemetry.remove_outbox("audit");
  CHECK(series() == 0);
  CHECK(observed.value("rows_completed_total{outbox=\"orders\"}") == "3");
  CHECK(observed.telemetry.health().readiness(true).text.find("audit") == std::string::npos);

  observed.telemetry.add_outbox({.name = "audit", .limit_rows = 5, .limit_bytes = {}, .health = {}});
  CHECK(series() == before);
  CHECK(observed.value("rows_completed_total{outbox=\"audit\"}") == "0");
}

TEST_CASE("counters of an outbox go on when its pipeline is replaced, with other limits", "[metrics]") {
  Observed observed;
  observed.orders.completed(3);
  observed.orders.held_topics(1);
  observed.orders.replaced();
  observed.orders.begun({.name = "orders", .limit_rows = 7, .limit_bytes = {1000}, .health = {}});
  CHECK(observed.value("rows_completed_total{outbox=\"orders\"}") == "3");
  CHECK(observed.value("in_flight_limit_rows{outbox=\"orders\"}") == "7");
  CHECK(observed.value("in_flight_limit_bytes{outbox=\"orders\"}") == "1000");
  CHECK(observed.value("held_topics{outbox=\"orders\"}") == "0");
}

TEST_CASE("the process tells what it is and how its configuration fares", "[metrics]") {
  Observed observed;
  CHECK(observed.value(
            "build_info{libpq=\"15.5\",librdkafka=\"2.0.2\",revision=\"abc\",version=\"1.2.3\"}") == "1");
  CHECK(observed.value("config_last_reload_successful") == "1");
  CHECK(observed.value("config_last_reload_success_timestamp_seconds") == "1795000000.25");

  observed.clock.pass(10s);
  observed.telemetry.config_reloaded(false);
  CHECK(observed.value("config_last_reload_successful") == "0");
  CHECK(observed.value("config_last_reload_success_timestamp_seconds") == "1795000000.25");
  observed.telemetry.config_reloaded(true);
  CHECK(observed.value("config_last_reload_successful") == "1");
  CHECK(observed.value("config_last_reload_success_timestamp_seconds") == "1795000010.25");
}

TEST_CASE("log lines are counted, written and kept back", "[metrics]") {
  Observed observed;
  observed.log.say<Message::systemd_not_told>("one");
  observed.log.say<Message::systemd_not_told>("two");
  observed.log.say<Message::producer_created>("orders");  // below the level: no line, no count
  observed.log.count_suppressed();
  CHECK(observed.value("log_messages_total{level=\"warn\"}") == "2");
  CHECK(observed.value("log_messages_total{level=\"debug\"}") == "0");
  CHECK(observed.value("log_messages_suppressed_total") == "1");
  CHECK(observed.value("log_messages_suppressed_total") == "1");  // a second scrape counts nothing twice
}

TEST_CASE("metrics are read while a pipeline writes them", "[metrics]") {
  Observed observed;
  constexpr int pages = 2000;
  std::thread pipeline([&] {
    const std::vector<double> durations(100, 0.002);
    for (int page = 0; page < pages; ++page) {
      observed.orders.state_changed(page % 2 == 0 ? relay::State::relaying : relay::State::idle);
      observed.orders.fetched(core::PollCause::timer, 100, 0);
      observed.orders.acknowledged(100, {100}, durations, durations);
      observed.orders.completed(100);
      observed.orders.beat();
    }
  });
  for (int scrape = 0; scrape < 50; ++scrape) {
    const auto metrics = observed.telemetry.render();
    CHECK(observed.telemetry.health().liveness(true).is_good);
    CHECK(metrics.ends_with('\n'));
  }
  pipeline.join();
  CHECK(observed.value("rows_completed_total{outbox=\"orders\"}") == std::to_string(100 * pages));
  CHECK(observed.value("publish_duration_seconds_count{outbox=\"orders\"}") == std::to_string(100 * pages));
}
