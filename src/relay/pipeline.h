#pragma once

#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <vector>

#include "core/backoff.h"
#include "core/plan.h"
#include "relay/ports.h"

namespace outbox_relay::relay {

/// Relays one outbox: carries out what `core::Plan` decides.
///
/// Three loops overlap, each on a resource of its own, and tell each other by alarms when there is something
/// to do:
///
///     fetch_pages    connection A   the next page is fetched …
///     settle_reports producer       … while earlier pages wait for their acks …
///     complete_rows  connection B   … and still earlier ones are completed, or parked
///
/// All on one thread, the executor's. `run` ends when the pipeline has been stopped and what was in flight is
/// settled, or at once after `abandon`. The ports must outlive it.
class Pipeline {
 public:
  Pipeline(core::PlanSettings settings, const core::Routing& routing, Source& source, Sink& sink,
           Clock& clock, Probe& probe);

  /// Returns whether everything that was in flight was settled.
  awaitable<bool> run();

  // On the pipeline's thread, while `run` is under way:

  /// Drain: fetch and publish no more, wait for what is in flight, complete it, return.
  void stop();
  /// Return as soon as possible. What is in flight will be published again by the next start.
  void abandon();

  [[nodiscard]] const core::Plan& plan() const { return plan_; }

 private:
  static constexpr std::chrono::seconds watermark_interval{1};

  // One session of the source after another.
  awaitable<void> relay_rows();
  awaitable<bool> take_lead();
  awaitable<bool> open_source();
  awaitable<void> pause_after_failing_to_open(core::Failure failure);
  awaitable<void> pause_after_losing_session(core::Remedy remedy);
  awaitable<void> fetch_pages();
  awaitable<void> read(core::Plan::Reading reading);
  /// Until the moment comes, the fetch alarm rings, or rows are said to be written.
  awaitable<void> rest(Clock::TimePoint until);
  awaitable<void> sleep(Clock::TimePoint until);
  awaitable<void> listen();
  awaitable<void> complete_rows();
  awaitable<bool> complete_next();
  awaitable<void> complete(std::span<core::InFlight* const> rows);
  awaitable<void> park(std::span<const core::Parking> rows);
  void parking_failed(const core::Failure& failure);
  void completing_succeeded();
  void completing_failed(const core::Failure& failure);
  awaitable<void> save_watermark();
  awaitable<void> keep_lead();
  awaitable<void> resign();

  // The sink, whatever the source does.
  awaitable<void> settle_reports();
  awaitable<void> replace_producer();
  awaitable<void> publish_when_due();
  void publish_rows();
  void forget_old_producer();
  void settle(const SinkEvents& events);
  void settle(const std::vector<DeliveryReport>& reports);
  void settle(const TopicReport& report);
  [[nodiscard]] bool is_verdict(const DeliveryReport& report) const;

  void lead_proved(Clock::TimePoint begun);
  void show_leading(bool leads);
  void tell_parked(std::span<const core::Parking> rows, const std::vector<core::RowId>& parked);

  /// Counts and tells of a failure, and ends the session unless the same call may be repeated on it.
  void fail_session(Activity activity, const core::Failure& failure);
  /// Closing ends the session that holds the lead: from now on another relay may have it.
  void close_source();
  void fail(Activity activity, const core::Failure& failure);
  void note_undelivered(const core::Failure& failure);
  void succeed(Activity activity);
  awaitable<void> pause(Alarm& alarm, std::chrono::milliseconds delay);
  /// Ends with the session, too.
  awaitable<void> pause_in_session(Alarm& alarm, std::chrono::milliseconds delay);
  void show();
  void show_topic(core::TopicId topic);
  [[nodiscard]] State state() const;
  [[nodiscard]] bool is_over() const { return is_abandoned_ || plan_.is_drained(); }
  [[nodiscard]] bool may_publish(Clock::TimePoint now) const;
  [[nodiscard]] Clock::TimePoint heartbeat_at() const;
  [[nodiscard]] bool has_session() const { return is_open_ && !session_failure_; }
  void ring_all();
  void leave_unopened_source();
  [[nodiscard]] core::Backoff make_backoff();

  /// Runs an operation of the source, measures it and observes its duration under `query`. One of the session
  /// that leads proves that it still does.
  template <typename Result>
  awaitable<Result> timed(Query query, awaitable<Result> operation);
  [[nodiscard]] static bool is_of_leading_session(Query query);

  Source& source_;
  Sink& sink_;
  Clock& clock_;
  Probe& probe_;
  core::Plan plan_;

  std::unique_ptr<Alarm> fetch_alarm_;
  std::unique_ptr<Alarm> complete_alarm_;
  std::unique_ptr<Alarm> sink_alarm_;
  std::unique_ptr<Alarm> publish_alarm_;
  core::Backoff open_backoff_;
  core::Backoff fetch_backoff_;
  core::Backoff complete_backoff_;
  core::Backoff park_backoff_;
  core::Backoff producer_backoff_;

  std::optional<Lead> lead_;
  Clock::TimePoint lead_proved_at_;      ///< when the last call that proved it was begun
  Clock::TimePoint heartbeat_tried_at_;  ///< one that failed is not repeated at once
  bool is_standby_ = false;
  std::optional<bool> shown_leading_;

  bool was_open_ = false;
  bool is_open_ = false;
  std::optional<core::Remedy> session_failure_;      ///< why the last session has ended
  std::optional<Clock::TimePoint> session_lost_at_;  ///< the last one; nothing since rows were completed
  Clock::TimePoint producer_replaced_at_;
  Clock::TimePoint complete_at_;                 ///< not before, after one that failed or was small
  Clock::TimePoint park_at_;                     ///< not before, after a parking that failed
  std::optional<core::Remedy> parking_trouble_;  ///< of this session: completing may be well all the same
  bool may_have_rows_ = false;                   ///< to be published
  bool is_resting_ = false;
  bool is_stopping_ = false;
  bool is_abandoned_ = false;
  std::optional<std::int64_t> saved_watermark_;
  Clock::TimePoint save_watermark_at_;

  struct DatabaseClock {
    core::DatabaseTime database;
    Clock::TimePoint ours;
  };
  std::optional<DatabaseClock> database_clock_;
  std::vector<double> publish_seconds_;
  std::vector<double> end_to_end_seconds_;

  std::array<std::optional<core::Remedy>, 3> failing_;  ///< by activity
  std::optional<core::Remedy> sink_trouble_;
  std::optional<State> shown_state_;
  std::set<core::TopicId> shown_topics_;  ///< those said to be held
};

template <typename Result>
awaitable<Result> Pipeline::timed(Query query, awaitable<Result> operation) {
  const auto begin = clock_.now();
  const auto answered = [this, query, begin] {
    probe_.queried(query, clock_.now() - begin);
    if (is_of_leading_session(query)) lead_proved(begin);
  };
  if constexpr (std::is_void_v<Result>) {
    co_await std::move(operation);
    answered();
  } else {
    Result result = co_await std::move(operation);
    answered();
    co_return result;
  }
}

}  // namespace outbox_relay::relay
