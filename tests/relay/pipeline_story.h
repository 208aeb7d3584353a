#pragma once

#include <boost/asio/co_spawn.hpp>
#include <deque>
#include <map>
#include <set>

#include "relay/pipeline.h"
#include "relay/quiet_probe.h"
#include "simulated_kafka.h"
#include "virtual_time.h"

// A pipeline between a scripted table and the simulated Kafka, for tests that tell what happens to it.
namespace outbox_relay::simulation {

using relay::Activity;
using relay::State;

inline core::Failure failure(core::Remedy remedy, core::Reason reason = core::Reason::connection) {
  return {reason, remedy, "it failed", "mend it"};
}

/// A table whose statements answer after a millisecond; failures are queued by the test.
class ScriptedSource : public relay::Source {
 public:
  ScriptedSource(boost::asio::io_context& io, Timeline& timeline) : io_(io), timeline_(timeline) {}

  awaitable<std::optional<relay::Lead>> take_lead() override {
    ++opens;
    has_lost_listener_ = false;
    co_await answer(open_failures);
    if (!leads) co_return std::nullopt;
    co_return relay::Lead{.lasts = std::chrono::seconds{4}};
  }
  awaitable<void> keep_lead() override {
    co_await answer(complete_failures);
    ++heartbeats;
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
    ++parkings;
    if (parking_always_fails) throw core::FailureError(*parking_always_fails);
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
    is_notified_ = false;
    co_await answer(fetch_failures, fetching_takes);
    core::Fetched fetched;
    if (request.read_writers) fetched.writers.emplace();
    for (auto id = pending.upper_bound(request.after->number());
         id != pending.end() && fetched.page.rows.size() < request.max_rows; ++id) {
      core::Row row;
      row.id = core::RowId{*id};
      row.message_id = message_ids.emplace(*id, "message-" + std::to_string(*id)).first->second;
      row.payload = "1";
      row.attributes = attributes;
      fetched.page.rows.push_back(row);
    }
    co_return fetched;
  }
  awaitable<core::LogPosition> read_flush_position(bool) override {
    co_await answer(fetch_failures);
    co_return core::LogPosition{};
  }
  awaitable<relay::Completed> complete(std::span<core::InFlight* const> rows) override {
    co_await answer(complete_failures, completing_takes);
    if (completing_always_fails) throw core::FailureError(*completing_always_fails);
    ++completions;
    for (const core::InFlight* row : rows) pending.erase(row->row->id.number());
    co_return relay::Completed{rows.size(), {}};
  }
  [[nodiscard]] bool is_listening() const override { return listens; }
  awaitable<bool> next_notification() override {
    ++listenings;
    is_interrupted_ = false;
    while (!is_notified_ && !is_interrupted_ && !has_lost_listener_) co_await news_->wait();
    if (std::exchange(has_lost_listener_, false)) throw core::FailureError(failure(core::Remedy::rebuild));
    co_return std::exchange(is_notified_, false);
  }
  void interrupt() noexcept override {
    is_interrupted_ = true;
    news_->open();
  }
  void notify() {
    is_notified_ = true;
    news_->open();
  }
  void lose_listener() {
    has_lost_listener_ = true;
    news_->open();
  }
  awaitable<void> save_watermark(std::int64_t watermark) override {
    co_await answer(complete_failures);
    saved_watermark = watermark;
  }
  void close() noexcept override {
    ++closes;
    lose_listener();
  }

  std::set<std::int64_t> pending;
  std::map<std::int64_t, std::string> message_ids;
  std::vector<core::Value> attributes;  ///< of each row
  bool is_silent = false;               ///< statements of the completing session have no answer
  std::deque<core::Failure> open_failures;
  std::deque<core::Failure> fetch_failures;
  std::deque<core::Failure> complete_failures;
  std::optional<core::Failure> completing_always_fails;
  std::optional<core::Failure> parking_always_fails;
  std::chrono::milliseconds fetching_takes{1};
  std::chrono::milliseconds completing_takes{1};
  bool leads = true;
  bool listens = false;
  bool has_resigned = false;
  std::int64_t saved_watermark = -1;
  int opens = 0;
  int closes = 0;
  int heartbeats = 0;
  int parkings = 0;
  int completions = 0;
  int listenings = 0;

 private:
  awaitable<void> answer(std::deque<core::Failure>& failures,
                         std::chrono::milliseconds delay = std::chrono::milliseconds{1}) {
    co_await make_door_opening_in(delay, io_, timeline_)->wait();
    if (failures.empty()) co_return;
    const core::Failure next = failures.front();
    failures.pop_front();
    throw core::FailureError(next);
  }

  boost::asio::io_context& io_;
  Timeline& timeline_;
  std::shared_ptr<Door> news_ = std::make_shared<Door>(io_);
  bool is_notified_ = false;
  bool is_interrupted_ = false;
  bool has_lost_listener_ = false;
};

class RecordingProbe : public relay::QuietProbe {
 public:
  void state_changed(State state) override { states.push_back(state); }
  void fetched(core::PollCause cause, std::size_t rows, std::size_t) override {
    ++polls;
    ++polls_by[cause];
    fetched_rows += rows;
  }
  void completed(std::size_t rows) override { completed_rows += rows; }
  void parked(const core::RowId& row, const core::Failure&) override { parked_rows.push_back(row.number()); }
  void leading(bool leads) override { leadings.push_back(leads); }
  void redelivering(std::size_t records) override { redelivered += records; }
  void failed(Activity activity, const core::Failure&) override { failures.push_back(activity); }
  void recovered(Activity activity) override { recoveries.push_back(activity); }
  void producer_created() override { ++producers; }
  void topic_held(const std::string& topic, const core::Failure&) override {
    held_topic_names.push_back(topic);
  }
  void topic_released(const std::string& topic) override { released.push_back(topic); }

  std::vector<State> states;
  std::vector<Activity> failures, recoveries;
  std::vector<std::string> held_topic_names, released;
  std::vector<std::int64_t> parked_rows;
  std::vector<bool> leadings;
  std::map<core::PollCause, std::size_t> polls_by;
  std::size_t polls = 0, fetched_rows = 0, completed_rows = 0, redelivered = 0, producers = 0;
};

struct Story {
  explicit Story(std::uint64_t seed = 1, core::PlanSettings with = {},
                 core::Template topic = core::Template{{std::string{"orders"}}})
      : dice(seed), settings(std::move(with)) {
    sink.is_calm = true;
    routing.columns = {"topic"};
    routing.topic = std::move(topic);
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
  Dice dice;
  Timeline timeline;
  SimulatedKafka kafka;
  ScriptedSource source{io, timeline};
  SimulatedSink sink{io, timeline, dice, kafka};
  SimulatedClock clock{io, timeline, dice};
  RecordingProbe probe;
  core::Routing routing;
  core::PlanSettings settings;
  std::optional<bool> ended;
  relay::Pipeline pipeline{settings, routing, source, sink, clock, probe};
};

}  // namespace outbox_relay::simulation
