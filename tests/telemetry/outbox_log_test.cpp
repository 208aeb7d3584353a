#include <string>
#include <vector>

#include "support/catch.h"
#include "telemetry/observed.h"

using namespace outbox_relay;
using namespace outbox_relay::telemetry;
using namespace std::chrono_literals;

namespace {

/// The lines without their time.
std::vector<std::string> said(const Observed& observed) {
  auto lines = observed.file.lines();
  for (auto& line : lines) line.erase(0, line.find(' ') + 1);
  return lines;
}

const core::Failure refused{.reason = core::Reason::connection,
                            .remedy = core::Remedy::rebuild,
                            .message = "connection to 127.0.0.1:5432 refused",
                            .hint = "is the server running?"};

}  // namespace

TEST_CASE("a pipeline that replaces another one is told of as the first", "[outbox_log]") {
  Observed observed;
  observed.orders.leading(true);
  observed.orders.beat();
  observed.orders.state_changed(relay::State::idle);
  observed.orders.failed(relay::Activity::publish, refused);
  observed.orders.replaced();
  observed.orders.state_changed(relay::State::draining);
  observed.orders.begun({.name = "orders", .limit_rows = 1, .limit_bytes = {}, .health = {}});
  observed.orders.beat();
  observed.orders.state_changed(relay::State::idle);
  observed.orders.recovered(relay::Activity::publish);  // from what the one before it had
  CHECK(said(observed).size() == 5);
  CHECK(said(observed).back() == R"(level=info msg="relaying" outbox=orders)");
}

TEST_CASE("a steady flow is silent", "[outbox_log]") {
  Observed observed;
  observed.orders.state_changed(relay::State::relaying);
  for (int i = 0; i < 1000; ++i) {
    observed.orders.fetched(core::PollCause::timer, 10, 0);
    observed.orders.acknowledged(10, {100}, {}, {});
    observed.orders.completed(10);
    observed.orders.recovered(relay::Activity::fetch);
    observed.orders.state_changed(relay::State::idle);
    observed.orders.state_changed(relay::State::relaying);
    observed.clock.pass(1s);
  }
  CHECK(said(observed) == std::vector<std::string>{R"(level=info msg="relaying" outbox=orders)"});
}

TEST_CASE("an outage has a line at its start, one each half minute, and one at its end", "[outbox_log]") {
  Observed observed;
  for (int second = 0; second < 65; ++second) {
    observed.orders.failed(relay::Activity::fetch, refused);
    observed.clock.pass(1s);
  }
  observed.orders.recovered(relay::Activity::fetch);
  observed.orders.recovered(relay::Activity::fetch);
  const std::string failure = R"(level=warn msg="fetching failed" outbox=orders reason=connection )"
                              R"(error="connection to 127.0.0.1:5432 refused" hint="is the server running?")";
  CHECK(said(observed) == std::vector<std::string>{
                              failure,
                              failure + " times=30 lasting_seconds=30",
                              failure + " times=30 lasting_seconds=60",
                              R"(level=info msg="fetching recovered" outbox=orders lasted_seconds=65)",
                          });
  CHECK(observed.value("fetch_failures_total{outbox=\"orders\",reason=\"connection\"}") == "65");
  CHECK(observed.value("log_messages_suppressed_total") == "62");
}

TEST_CASE("what only a person can mend is an error", "[outbox_log]") {
  Observed observed;
  observed.orders.failed(relay::Activity::complete, {.reason = core::Reason::authorization,
                                                     .remedy = core::Remedy::operate,
                                                     .message = "permission denied for table outbox",
                                                     .hint = "grant UPDATE on sent_at"});
  CHECK(said(observed) ==
        std::vector<std::string>{
            R"(level=error msg="completing failed" outbox=orders reason=authorization )"
            R"(error="permission denied for table outbox" hint="grant UPDATE on sent_at")"});
}

TEST_CASE("activities fail and recover apart from each other", "[outbox_log]") {
  Observed observed;
  observed.orders.failed(relay::Activity::fetch, refused);
  observed.orders.failed(relay::Activity::publish, refused);
  observed.orders.recovered(relay::Activity::publish);
  observed.orders.recovered(relay::Activity::complete);
  const auto lines = said(observed);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1].starts_with(R"(level=warn msg="publishing failed")"));
  CHECK(lines[2] == R"(level=info msg="publishing recovered" outbox=orders lasted_seconds=0)");
}

TEST_CASE("changes of state that matter have one line each", "[outbox_log]") {
  Observed observed;
  observed.orders.state_changed(relay::State::standby);
  observed.orders.state_changed(relay::State::idle);
  observed.orders.state_changed(relay::State::backing_off);
  observed.orders.state_changed(relay::State::relaying);
  observed.orders.state_changed(relay::State::halted);
  observed.orders.state_changed(relay::State::halted);
  observed.orders.state_changed(relay::State::draining);
  CHECK(
      said(observed) ==
      std::vector<std::string>{
          R"(level=info msg="another relay works on this outbox, standing by" outbox=orders state=standby previous=starting)",
          R"(level=info msg="relaying" outbox=orders)",
          R"(level=error msg="halted: nothing more of this outbox goes out" outbox=orders state=halted previous=relaying)",
          R"(level=info msg="draining" outbox=orders state=draining previous=halted)",
      });
}

TEST_CASE("all changes of state can be seen at level debug", "[outbox_log]") {
  Observed observed(LogLevel::debug);
  observed.orders.state_changed(relay::State::idle);
  observed.orders.state_changed(relay::State::backing_off);
  CHECK(said(observed) ==
        std::vector<std::string>{
            R"(level=info msg="relaying" outbox=orders)",
            R"(level=debug msg="state changed" outbox=orders state=backing_off previous=idle)",
        });
}

TEST_CASE("a held topic is said once, and once when it is released", "[outbox_log]") {
  Observed observed;
  const core::Failure missing{.reason = core::Reason::missing,
                              .remedy = core::Remedy::hold_topic,
                              .message = "topic does not exist",
                              .hint = "create it"};
  observed.orders.topic_held("orders.a", missing);
  observed.orders.topic_released("orders.a");
  CHECK(
      said(observed) ==
      std::vector<std::string>{
          R"(level=warn msg="topic held: its rows wait in the table, others go on" outbox=orders topic=orders.a )"
          R"(reason=missing error="topic does not exist" hint="create it")",
          R"(level=info msg="topic released" outbox=orders topic=orders.a)",
      });
}

TEST_CASE("thousands of held topics do not flood the log", "[outbox_log]") {
  Observed observed;
  for (int i = 0; i < 1000; ++i) observed.orders.topic_held("orders." + std::to_string(i), refused);
  CHECK(observed.file.lines().size() == 20);
  for (int i = 0; i < 1000; ++i) observed.orders.topic_released("orders." + std::to_string(i));
  CHECK(observed.file.lines().size() == 40);
}

TEST_CASE("late rows are a broken assumption: said with a hint, at most each half minute", "[outbox_log]") {
  Observed observed;
  for (int i = 0; i < 3; ++i) {
    observed.orders.fetched(core::PollCause::timer, 2, 2);
    observed.clock.pass(20s);
  }
  const auto lines = said(observed);
  REQUIRE(lines.size() == 2);
  CHECK(lines[0].starts_with(
      R"(level=warn msg="only the background sweep found these rows" outbox=orders rows=2 times=1 hint="let the INSERT)"));
  CHECK(lines[1].find("rows=2 times=2") != std::string::npos);
}

TEST_CASE("each parked row is an error with its id, reason and hint", "[outbox_log]") {
  Observed observed;
  observed.orders.parked(core::RowId{41},
                         {.reason = core::Reason::too_large,
                          .remedy = core::Remedy::park,
                          .message = "topic orders.a takes records of 2000 bytes at most",
                          .hint = "raise max.message.bytes of the topic, then requeue the row"});
  observed.orders.parked(core::RowId{"018f-a"}, {.reason = core::Reason::invalid_headers,
                                                 .remedy = core::Remedy::park,
                                                 .message = "the headers column holds no object",
                                                 .hint = {}});
  observed.orders.held(3);
  CHECK(
      said(observed) ==
      std::vector<std::string>{
          R"(level=error msg="row parked: kafka refuses it, it waits in the table for a decision" outbox=orders row=41 )"
          R"(reason=too_large error="topic orders.a takes records of 2000 bytes at most" )"
          R"(hint="raise max.message.bytes of the topic, then requeue the row" times=1)",
          R"(level=error msg="row parked: kafka refuses it, it waits in the table for a decision" outbox=orders row=018f-a )"
          R"(reason=invalid_headers error="the headers column holds no object" times=1)",
      });
}

TEST_CASE("a dead letter is a warning", "[outbox_log]") {
  Observed observed;
  observed.orders.dead_lettered(core::RowId{41}, {.reason = core::Reason::invalid_record,
                                                  .remedy = core::Remedy::park,
                                                  .message = "kafka refuses the record",
                                                  .hint = {}});
  CHECK(said(observed) ==
        std::vector<std::string>{
            R"(level=warn msg="row sent to the dead letter topic: kafka refuses it" outbox=orders row=41 )"
            R"(reason=invalid_record error="kafka refuses the record" times=1)"});
}

TEST_CASE("thousands of parked rows do not flood the log, and are counted in it", "[outbox_log]") {
  Observed observed;
  for (int i = 0; i < 1000; ++i) observed.orders.parked(core::RowId{i}, refused);
  CHECK(observed.file.lines().size() == 20);
  CHECK(observed.value("log_messages_suppressed_total") == "980");
  observed.clock.pass(30s);
  observed.orders.parked(core::RowId{1000}, refused);
  CHECK(said(observed).back().ends_with(" times=981"));
}

TEST_CASE("a row that is refused once more after a requeue is said once more", "[outbox_log]") {
  Observed observed;
  observed.orders.parked(core::RowId{41}, refused);
  observed.orders.requeued(1);
  observed.orders.parked(core::RowId{41}, refused);
  const auto lines = said(observed);
  REQUIRE(lines.size() == 3);
  CHECK(lines[1] == R"(level=info msg="parked rows were put back and go out now" outbox=orders rows=1)");
  CHECK(lines[2] == lines[0]);
}

TEST_CASE("a large requeue does not flood the log, and none of its rows is left out", "[outbox_log]") {
  Observed observed;
  for (int i = 0; i < 100; ++i) observed.orders.requeued(1000);
  CHECK(observed.file.lines().size() == 20);
  observed.clock.pass(30s);
  observed.orders.requeued(1);
  CHECK(said(observed).back().ends_with(" rows=80001"));
}

TEST_CASE("the lead is said once when it is taken and once when it is lost", "[outbox_log]") {
  Observed observed;
  const auto pass_a_second = [&observed] {
    observed.clock.pass(1s);
    observed.orders.beat();
  };
  pass_a_second();
  observed.orders.leading(true);
  pass_a_second();
  pass_a_second();
  observed.orders.leading(false);
  pass_a_second();
  CHECK(said(observed) == std::vector<std::string>{
                              R"(level=info msg="leading: this relay works on the outbox" outbox=orders)",
                              R"(level=info msg="leading no more" outbox=orders)",
                          });
}

TEST_CASE("a lead that is given up at once, again and again, is not said", "[outbox_log]") {
  Observed observed;
  for (int attempt = 0; attempt < 100; ++attempt) {
    observed.orders.leading(true);
    observed.orders.leading(false);
    observed.clock.pass(1s);
    observed.orders.beat();
  }
  CHECK(observed.file.lines().empty());
}

TEST_CASE("a batch whose guilty row is being looked for is a warning", "[outbox_log]") {
  Observed observed;
  observed.orders.failed(relay::Activity::publish, {.reason = core::Reason::too_large,
                                                    .remedy = core::Remedy::isolate,
                                                    .message = "a batch was refused",
                                                    .hint = {}});
  CHECK(said(observed) ==
        std::vector<std::string>{R"(level=warn msg="publishing failed" outbox=orders reason=too_large )"
                                 R"(error="a batch was refused")"});
}
