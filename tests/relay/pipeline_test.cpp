#include "relay/pipeline.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <deque>
#include <map>
#include <set>

#include "simulated_kafka.h"
#include "support/catch.h"
#include "virtual_time.h"

// What people see of a pipeline: states, failures told and recovered from. Its promises are the simulation's.
namespace {

using namespace outbox_relay;
using namespace outbox_relay::simulation;
using relay::Activity;
using relay::State;

core::Failure failure(core::Remedy remedy, core::Reason reason = core::Reason::connection) {
  return {reason, remedy, "it failed", "mend it"};
}

/// A table whose statements answer after a millisecond; failures are queued by the test.
class ScriptedSource : public relay::Source {
 public:
  ScriptedSource(boost::asio::io_context& io, Timeline& timeline) : io_(io), timeline_(timeline) {}

  awaitable<std::optional<relay::Lead>> take_lead() override {
    ++opens;
    co_await answer(open_failures);
    if (!leads) co_return std::nullopt;
    co_return relay::Lead{.lasts = std::chrono::seconds{4}};
  }
  awaitable<void> keep_lead() override {
    co_await answer(complete_failures);
    while (is_silent) {
      std::deque<core::Failure> none;
      co_await answer(none);
    }
  }
  awaitable<void> resign() override {
    co_await answer(complete_failures);
    has_resigned = true;
  }
  awaitable<std::vector<core::RowId>> park(std::span<const core::Parking> rows) override {
    co_await answer(complete_failures);
    std::vector<core::RowId> parked;
    for (const core::Parking& each : rows) {
      parked.push_back(each.row->row->id);
      pending.erase(each.row->row->id.number());
    }
    co_return parked;
  }
  awaitable<std::vector<core::Released>> find_released(std::span<const core::RowId>) override {
    co_await answer(fetch_failures);
    co_return std::vector<core::Released>{};
  }
  awaitable<core::SourceFacts> open() override {
    std::deque<core::Failure> none;
    co_await answer(none);
    core::SourceFacts facts;
    facts.ids_from_sequence = true;
    facts.watermark = 0;
    facts.last_drawn = pending.empty() ? 0 : *pending.rbegin();
    co_return facts;
  }
  awaitable<core::Survey> survey(core::SurveyRequest request) override {
    co_await answer(fetch_failures);
    core::Survey result;
    result.surveyed = request.up_to;
    co_return result;
  }
  awaitable<core::Fetched> fetch(core::FetchRequest request) override {
    co_await answer(fetch_failures);
    core::Fetched fetched;
    if (request.read_writers) fetched.writers.emplace();
    for (auto id = pending.upper_bound(request.after->number()); id != pending.end(); ++id) {
      core::Row row;
      row.id = core::RowId{*id};
      row.message_id = message_ids.emplace(*id, "message-" + std::to_string(*id)).first->second;
      row.payload = "1";
      fetched.page.rows.push_back(row);
    }
    co_return fetched;
  }
  awaitable<core::LogPosition> read_flush_position() override {
    co_await answer(fetch_failures);
    co_return core::LogPosition{};
  }
  awaitable<std::size_t> complete(std::span<core::InFlight* const> rows) override {
    co_await answer(complete_failures);
    for (const core::InFlight* row : rows) pending.erase(row->row->id.number());
    co_return rows.size();
  }
  awaitable<void> save_watermark(std::int64_t watermark) override {
    co_await answer(complete_failures);
    saved_watermark = watermark;
  }
  void close() noexcept override {}

  std::set<std::int64_t> pending;
  std::map<std::int64_t, std::string> message_ids;
  bool is_silent = false;  ///< statements of the completing session have no answer
  std::deque<core::Failure> open_failures;
  std::deque<core::Failure> fetch_failures;
  std::deque<core::Failure> complete_failures;
  bool leads = true;
  bool has_resigned = false;
  std::int64_t saved_watermark = -1;
  int opens = 0;

 private:
  awaitable<void> answer(std::deque<core::Failure>& failures) {
    const auto door = std::make_shared<Door>(io_);
    timeline_.in(std::chrono::milliseconds{1}, [weak = std::weak_ptr(door)] {
      if (const auto there = weak.lock()) there->open();
    });
    co_await door->wait();
    if (failures.empty()) co_return;
    const core::Failure next = failures.front();
    failures.pop_front();
    throw core::FailureError(next);
  }

  boost::asio::io_context& io_;
  Timeline& timeline_;
};

class RecordingProbe : public relay::Probe {
 public:
  void state_changed(State state) override { states.push_back(state); }
  void fetched(relay::PollCause, std::size_t rows, std::size_t) override { fetched_rows += rows, ++polls; }
  void acknowledged(std::size_t records, core::Bytes, std::span<const double>,
                    std::span<const double>) override {
    acknowledged_records += records;
  }
  void completed(std::size_t rows) override { completed_rows += rows; }
  void parked(const core::RowId& row, const core::Failure&) override { parked_rows.push_back(row.number()); }
  void dead_lettered(const core::RowId&, const core::Failure&) override {}
  void held(std::size_t rows) override { held_rows += rows; }
  void requeued(std::size_t) override {}
  void leading(bool leads) override { leadings.push_back(leads); }
  void queried(relay::Query, std::chrono::steady_clock::duration) override {}
  void redelivering(std::size_t records) override { redelivered += records; }
  void failed(Activity activity, const core::Failure&) override { failures.push_back(activity); }
  void recovered(Activity activity) override { recoveries.push_back(activity); }
  void connection_opened(relay::Purpose) override {}
  void producer_created() override { ++producers; }
  void in_flight(std::size_t, core::Bytes) override {}
  void topic_held(const std::string& topic, const core::Failure&) override {
    held_topic_names.push_back(topic);
  }
  void topic_released(const std::string& topic) override { released.push_back(topic); }
  void held_topics(std::size_t) override {}

  std::vector<State> states;
  std::vector<Activity> failures, recoveries;
  std::vector<std::string> held_topic_names, released;
  std::vector<std::int64_t> parked_rows;
  std::vector<bool> leadings;
  std::size_t held_rows = 0;
  std::size_t fetched_rows = 0, polls = 0, acknowledged_records = 0, completed_rows = 0, redelivered = 0,
              producers = 0;
};

struct Story {
  Story() {
    sink.is_calm = true;
    routing.topic = core::Template{{std::string{"orders"}}};
    boost::asio::co_spawn(io, pipeline.run(), [this](std::exception_ptr bug, bool settled) {
      if (bug) std::rethrow_exception(bug);
      ended = settled;
    });
    io.poll();
  }

  void pass(std::chrono::milliseconds time) {
    const auto until = timeline.now() + time;
    timeline.at(until, [] {});
    while (timeline.now() < until) {
      timeline.step();
      io.restart();
      io.poll();
    }
  }
  [[nodiscard]] State state() const { return probe.states.back(); }

  boost::asio::io_context io{1};
  Dice dice{1};
  Timeline timeline;
  SimulatedKafka kafka;
  ScriptedSource source{io, timeline};
  SimulatedSink sink{io, timeline, dice, kafka};
  SimulatedClock clock{io, timeline, dice};
  RecordingProbe probe;
  core::Routing routing;
  std::optional<bool> ended;
  relay::Pipeline pipeline{{}, routing, source, sink, clock, probe};
};

using namespace std::chrono_literals;

}  // namespace

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

TEST_CASE("no failure makes a hot loop", "[pipeline]") {
  Story s;
  for (int failures = 0; failures < 1000; ++failures)
    s.source.fetch_failures.push_back(failure(core::Remedy::retry));
  s.pass(60s);
  CHECK(s.probe.failures.size() < 30);
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

TEST_CASE("a refused row is parked and told once, the others go on", "[pipeline]") {
  Story s;
  s.kafka.bad_messages = {"message-2"};
  s.source.pending = {1, 2, 3};
  s.pass(5s);
  CHECK(s.probe.parked_rows == std::vector<std::int64_t>{2});
  CHECK(s.probe.completed_rows == 2);
  CHECK(s.state() == State::idle);
}
