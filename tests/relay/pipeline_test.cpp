#include "relay/pipeline.h"

#include "pipeline_story.h"
#include "support/catch.h"

using namespace outbox_relay;
using namespace outbox_relay::simulation;
using namespace std::chrono_literals;

// What people see of a pipeline: states, failures told and recovered from. Its promises are the simulation's.
TEST_CASE("starting, then idle, then relaying and idle again", "[pipeline]") {
  Story s;
  CHECK(s.state() == State::starting);
  s.pass(100ms);
  CHECK(s.state() == State::idle);
  s.source.pending = {1, 2, 3};
  s.pass(2s);
  CHECK(s.probe.states == std::vector{State::starting, State::idle, State::relaying, State::idle});
  CHECK(s.probe.completed_rows == 3);
  CHECK(s.source.saved_watermark == 3);
}

TEST_CASE("a database that is away is told once an attempt, and once when it is back", "[pipeline]") {
  Story s;
  for (int attempts = 0; attempts < 3; ++attempts)
    s.source.open_failures.push_back(failure(core::Remedy::rebuild));
  s.pass(50ms);
  CHECK(s.state() == State::backing_off);
  s.pass(10s);
  CHECK(s.state() == State::idle);
  CHECK(s.probe.failures.size() == 3);
  CHECK(s.probe.recoveries == std::vector{Activity::fetch});
}

TEST_CASE("what only a person can mend is tried slowly, and needs no restart", "[pipeline]") {
  Story s;
  for (int attempts = 0; attempts < 3; ++attempts) {
    s.source.open_failures.push_back(failure(core::Remedy::operate, core::Reason::authorization));
  }
  s.pass(9s);
  CHECK(s.state() == State::waiting_for_operator);
  CHECK(s.source.opens == 2);
  s.pass(10s);
  CHECK(s.state() == State::idle);
}

TEST_CASE("a passing conflict is retried in the same session, a lost connection in a new one", "[pipeline]") {
  Story s;
  s.pass(100ms);
  REQUIRE(s.source.opens == 1);
  s.source.complete_failures = {failure(core::Remedy::retry, core::Reason::conflict)};
  s.source.pending = {1};
  s.pass(2s);
  CHECK(s.source.opens == 1);
  CHECK(s.probe.completed_rows == 1);
  s.source.complete_failures = {failure(core::Remedy::rebuild)};
  s.source.pending = {2};
  s.pass(5s);
  CHECK(s.source.opens == 2);
  CHECK(s.probe.completed_rows == 2);
  CHECK(s.probe.recoveries == std::vector{Activity::complete, Activity::complete});
  CHECK(s.kafka.log.size() == 2);  // neither was published twice
}

TEST_CASE("acknowledgements that trickle in do not make a transaction for each", "[pipeline]") {
  Story s;
  s.pass(100ms);
  for (std::int64_t id = 1; id <= 1000; ++id) s.source.pending.insert(id);
  s.pass(1s);
  CHECK(s.probe.completed_rows > 220);  // the simulated partition takes 4 ms for a record
  CHECK(s.source.completions < 200);
  s.pass(10s);
  CHECK(s.probe.completed_rows == 1000);
}

TEST_CASE("no failure makes a hot loop", "[pipeline]") {
  Story s;
  for (int failures = 0; failures < 1000; ++failures)
    s.source.fetch_failures.push_back(failure(core::Remedy::retry));
  s.pass(60s);
  CHECK(s.probe.failures.size() < 30);
}

TEST_CASE("nor does a session that opens, fetches, and fails as soon as it completes", "[pipeline]") {
  Story s;
  s.pass(100ms);
  s.source.completing_always_fails = failure(core::Remedy::rebuild, core::Reason::other);
  s.source.pending = {1};
  s.pass(60s);
  CHECK(s.source.opens < 30);
  s.source.completing_always_fails.reset();
  s.pass(6s);
  CHECK(s.state() == State::idle);
}

TEST_CASE("what only a person can mend in a session is tried slowly as well", "[pipeline]") {
  Story s;
  s.pass(100ms);
  s.source.completing_always_fails = failure(core::Remedy::operate, core::Reason::other);
  s.source.pending = {1};
  s.pass(59s);
  CHECK(s.source.opens <= 13);
  CHECK(s.state() == State::waiting_for_operator);
  s.source.completing_always_fails.reset();
  s.pass(6s);
  CHECK(s.state() == State::idle);
}

TEST_CASE("a session that was lost once is opened again at once", "[pipeline]") {
  Story s;
  for (int losses = 1; losses <= 3; ++losses) {
    s.pass(20s);
    s.source.fetch_failures = {failure(core::Remedy::rebuild)};
    while (!s.source.fetch_failures.empty()) s.pass(1ms);
    s.pass(3ms);
    CHECK(s.source.opens == 1 + losses);
  }
}

TEST_CASE("a session that fails ends the pause of its other connection", "[pipeline]") {
  Story s;
  for (int failures = 0; failures < 100; ++failures)
    s.source.fetch_failures.push_back(failure(core::Remedy::retry));
  s.pass(30s);
  s.source.complete_failures = {failure(core::Remedy::rebuild)};
  while (!s.source.complete_failures.empty()) s.pass(1ms);
  s.pass(3ms);
  CHECK(s.source.opens == 2);
}

TEST_CASE("nothing is published once the session that holds the lead is closed", "[pipeline]") {
  int with_waiting_rows = 0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Story s{seed};
    s.pass(100ms);
    for (std::int64_t id = 1; id <= 20; ++id) s.source.pending.insert(id);
    while (s.pipeline.plan().window().count(core::Stage::published) == 0) s.pass(1ms);
    s.source.fetching_takes = 1s;  // so that this connection takes its time to learn that the other is lost
    s.source.complete_failures = {failure(core::Remedy::rebuild)};
    s.source.leads = false;
    while (s.source.closes == 0) s.pass(1ms);
    const auto waiting = s.pipeline.plan().window().count(core::Stage::waiting);
    with_waiting_rows += waiting > 0 ? 1 : 0;
    s.pass(3s);
    CHECK(s.kafka.log.size() <= 20 - waiting);
  }
  CHECK(with_waiting_rows > 0);
}

TEST_CASE("while rows cannot be completed the lead is kept, and completing is tried again", "[pipeline]") {
  Story s;
  s.pass(100ms);
  s.source.completing_always_fails = failure(core::Remedy::retry, core::Reason::conflict);
  s.source.pending = {1};
  s.pass(1s);
  const int before = s.source.heartbeats;
  s.pass(10s);
  CHECK(s.source.heartbeats - before >= 9);
  CHECK(s.source.opens == 1);
  s.source.completing_always_fails.reset();
  s.pass(6s);
  CHECK(s.probe.completed_rows == 1);
}

TEST_CASE("the watermark is saved while many rows wait to be completed", "[pipeline]") {
  Story s;
  s.source.completing_takes = 300ms;
  for (std::int64_t id = 1; id <= 20'000; ++id) s.source.pending.insert(id);
  s.pass(4s);
  CHECK(s.probe.completed_rows < 20'000);
  CHECK(s.source.saved_watermark > 0);
}

TEST_CASE("an idle outbox is polled once an interval", "[pipeline]") {
  Story s;
  s.pass(5s);
  const auto before = s.probe.polls;
  s.pass(10s);
  CHECK(s.probe.polls - before <= 20);
}

TEST_CASE(
    "a missing topic is told once, holds its rows in the table, and is a person's when the configuration "
    "names it",
    "[pipeline]") {
  Story s;
  s.kafka.missing_topics = {"orders"};
  s.source.pending = {1, 2};
  s.pass(30s);
  CHECK(s.state() == State::waiting_for_operator);
  CHECK(s.probe.held_topic_names == std::vector<std::string>{"orders"});
  CHECK(s.pipeline.plan().window().empty());
  s.kafka.missing_topics.clear();
  s.pass(15s);
  CHECK(s.probe.released == std::vector<std::string>{"orders"});
  CHECK(s.probe.completed_rows == 2);
  CHECK(s.state() == State::idle);
}

TEST_CASE("a broken producer is replaced, and what it held is published again", "[pipeline]") {
  Story s;
  s.pass(100ms);
  s.source.pending = {1};
  while (s.pipeline.plan().window().count(core::Stage::published) == 0) s.pass(1ms);
  s.sink.break_producer();
  s.pass(5s);
  CHECK(s.probe.producers == 2);
  CHECK(s.probe.redelivered <= 1);
  CHECK(s.probe.completed_rows == 1);
}

TEST_CASE("stopped while it waits for a database, the pipeline ends", "[pipeline]") {
  Story s;
  for (int attempts = 0; attempts < 100; ++attempts)
    s.source.open_failures.push_back(failure(core::Remedy::rebuild));
  s.pass(3s);
  s.pipeline.stop();
  CHECK(s.state() == State::draining);
  s.pass(10s);
  CHECK(s.ended == true);
}

TEST_CASE("abandoned with rows in flight, the pipeline ends and says so", "[pipeline]") {
  Story s;
  s.source.pending = {1};
  while (s.pipeline.plan().window().count(core::Stage::published) == 0) s.pass(1ms);
  s.pipeline.stop();
  s.pipeline.abandon();
  s.pass(1s);
  CHECK(s.ended == false);
}

TEST_CASE("while another relay leads, this one stands by, and goes on when it is gone", "[pipeline]") {
  Story s;
  s.source.leads = false;
  s.source.pending = {1};
  s.pass(5s);
  CHECK(s.state() == State::standby);
  CHECK(s.probe.failures.empty());
  CHECK(s.kafka.log.empty());
  s.source.leads = true;
  s.pass(2s);
  CHECK(s.state() == State::idle);
  CHECK(s.probe.completed_rows == 1);
  CHECK(s.probe.leadings == std::vector{false, true});
}

TEST_CASE(
    "a relay that was stopped for longer than its lead lasts publishes nothing before it is proved again",
    "[pipeline]") {
  Story s;
  s.pass(100ms);
  // The heartbeat has no answer for as long as a stopped process would not have asked.
  s.source.is_silent = true;
  s.pass(5s);
  s.source.pending = {1};
  s.pass(5s);
  CHECK(s.kafka.log.empty());
  s.source.is_silent = false;
  s.pass(2s);
  CHECK(s.kafka.log.size() == 1);
}

TEST_CASE("a lead that was lost is told once, and asked for again", "[pipeline]") {
  Story s;
  s.pass(100ms);
  s.source.complete_failures = {failure(core::Remedy::rebuild)};
  s.source.leads = false;
  s.pass(5s);
  CHECK(s.probe.failures == std::vector{Activity::complete});
  CHECK(s.probe.recoveries == std::vector{Activity::complete});
  CHECK(s.state() == State::standby);
}

TEST_CASE("an orderly end gives the lead up", "[pipeline]") {
  Story s;
  s.pass(100ms);
  s.pipeline.stop();
  s.pass(1s);
  CHECK(s.ended == true);
  CHECK(s.source.has_resigned);
}

TEST_CASE("an idle leader, and a standby, do not wait for an ack to be well again", "[pipeline]") {
  Story s;
  s.source.leads = GENERATE(true, false);
  s.pass(100ms);
  s.sink.break_producer();
  s.pass(20s);
  CHECK(s.probe.producers == 2);
  CHECK(s.state() == (s.source.leads ? State::idle : State::standby));
  CHECK(s.probe.recoveries.back() == Activity::publish);
}

TEST_CASE("a topic that may not be written to is tried with one row, and holds up no other", "[pipeline]") {
  Story s;
  s.kafka.denied_topics.insert("orders");
  for (std::int64_t id = 1; id <= 500; ++id) s.source.pending.insert(id);
  s.pass(2min);
  const std::size_t fetched = s.probe.fetched_rows;
  CHECK(s.state() == State::waiting_for_operator);
  s.pass(10min);
  CHECK(s.probe.fetched_rows == fetched);  // nothing is read again and again
  CHECK(s.probe.producers < 150);          // a look-up every 5 to 10 s
  s.source.pending.insert(1000);
  s.kafka.denied_topics.clear();
  s.pass(30s);
  CHECK(s.source.pending.empty());
  CHECK(s.state() == State::idle);
  CHECK(s.probe.held_topic_names == std::vector<std::string>{"orders"});
  CHECK(s.probe.released == std::vector<std::string>{"orders"});
}

TEST_CASE("a silent partition gives its rows back when they are the whole window, and the others flow",
          "[pipeline]") {
  Story s;
  s.kafka.silent_partitions.insert({"orders", 0});
  for (std::int64_t id = 1; id <= 60'000; ++id) s.source.pending.insert(id);
  s.pass(2min);
  const auto others = s.source.pending.size();
  CHECK(others < 60'000 - 20'000);  // more than ever had room beside the silent ones
  CHECK(s.probe.held_topic_names == std::vector<std::string>{"orders"});
  CHECK(s.probe.producers == 2);
  s.kafka.silent_partitions.clear();
  s.sink.hear();
  s.pass(1min);
  CHECK(s.source.pending.empty());
  CHECK(s.probe.released == std::vector<std::string>{"orders"});
}

TEST_CASE("a refused row is parked and told once, the others go on", "[pipeline]") {
  Story s;
  s.kafka.bad_messages = {"message-2"};
  s.source.pending = {1, 2, 3};
  s.pass(5s);
  CHECK(s.probe.parked_rows == std::vector<std::int64_t>{2});
  CHECK(s.probe.completed_rows == 2);
  CHECK(s.state() == State::idle);
}

TEST_CASE("a row that is refused with no other near it leaves no trouble behind", "[pipeline]") {
  Story s;
  s.kafka.bad_messages = {"message-2"};
  s.source.pending = {2};
  s.pass(5s);
  CHECK(s.probe.parked_rows == std::vector<std::int64_t>{2});
  CHECK(s.state() == State::idle);
  CHECK(s.probe.recoveries == std::vector{Activity::publish});
}

TEST_CASE("a row that cannot be parked for a while keeps no other from being completed", "[pipeline]") {
  Story s;
  s.pass(100ms);
  s.source.parking_always_fails = failure(core::Remedy::retry, core::Reason::conflict);
  s.kafka.bad_messages = {"message-5"};
  for (std::int64_t id = 1; id <= 5; ++id) s.source.pending.insert(id);
  s.pass(3s);
  for (std::int64_t id = 6; id <= 200; ++id) s.source.pending.insert(id);
  s.pass(60s);
  CHECK(s.source.pending == std::set<std::int64_t>{5});
  CHECK(s.state() == State::backing_off);
  CHECK(s.source.parkings < 30);
  CHECK(s.source.opens == 1);
  s.source.parking_always_fails.reset();
  s.pass(6s);
  CHECK(s.source.pending.empty());
  CHECK(s.state() == State::idle);
}

TEST_CASE("rows that may not be parked wait for an operator, and the session goes on without them",
          "[pipeline]") {
  Story s;
  s.pass(100ms);
  s.source.parking_always_fails = failure(core::Remedy::operate, core::Reason::authorization);
  s.kafka.bad_messages = {"message-5"};
  for (std::int64_t id = 1; id <= 5; ++id) s.source.pending.insert(id);
  s.pass(3s);
  const auto producers = s.probe.producers;
  for (std::int64_t id = 6; id <= 600; id += 10) {
    for (std::int64_t at = id; at < id + 10; ++at) s.source.pending.insert(at);
    s.pass(1s);
    CHECK(s.state() == State::waiting_for_operator);
  }
  CHECK(s.source.pending.size() <= 11);  // the last ones may be on their way
  CHECK(s.source.parkings <= 14);
  CHECK(s.source.opens == 1);
  CHECK(s.probe.producers == producers);
  CHECK(s.probe.recoveries == std::vector{Activity::publish});  // which the refusal of a batch had failed
  s.source.parking_always_fails.reset();
  s.pass(6s);
  CHECK(s.probe.parked_rows == std::vector<std::int64_t>{5});
  CHECK(s.state() == State::idle);
}

TEST_CASE("rows of a topic that was given up are read again at once, however rarely the outbox is polled",
          "[pipeline]") {
  Story s{1, {.poll_interval = 1h, .topic_grace = 1min}, core::Template{{std::size_t{0}}}};
  s.source.attributes = {"orders"};
  s.kafka.missing_topics = {"orders"};
  s.source.pending = {1};
  s.pass(50s);
  CHECK(s.probe.parked_rows.empty());
  CHECK(s.probe.polls_by[core::PollCause::wake] == 0);
  s.pass(20s);
  CHECK(s.probe.parked_rows == std::vector<std::int64_t>{1});
  CHECK(s.probe.polls_by[core::PollCause::wake] == 1);
}
