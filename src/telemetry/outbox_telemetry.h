#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "relay/ports.h"
#include "telemetry/families.h"
#include "telemetry/health.h"
#include "telemetry/log.h"
#include "telemetry/overview.h"
#include "telemetry/rate.h"
#include "telemetry/repeats.h"
#include "telemetry/time.h"
#include "telemetry/troubles.h"

namespace outbox_relay::telemetry {

/// What is asked of the database now and then. NaN: it cannot be known (a missing grant, a server that is
/// away), or is another relay's to tell.
struct Sample {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  double backlog_rows = unknown;
  bool is_estimate = false;                           ///< `backlog_rows`
  double backlog_oldest_timestamp_seconds = unknown;  ///< means nothing when there is no backlog
  double parked_rows = unknown;
  double held_rows = unknown;
  double table_dead_rows = unknown;
  double oldest_snapshot_age_seconds = unknown;
};

struct OutboxOptions {
  std::string name;
  std::size_t limit_rows = 0;
  core::Bytes limit_bytes;
  HealthLimits health;
};

/// Turns what the pipelines of one outbox do, one after the other, into metrics, health and log lines.
///
/// The members of `Probe`, and `beat` and `ended`, are for the pipeline's thread; `sampled`, `refresh`, and
/// what is told of `Activity::expire` for any one thread each. What only counts is for any thread: `queried`,
/// `expired`, `replayed` and `connection_opened`. Nothing here blocks, and each call costs some atomics and a
/// short uncontended lock. `begun`, `replaced` and `stops` are for their supervisor.
class OutboxTelemetry final : public relay::Probe {
 public:
  /// All that is handed in outlives this.
  OutboxTelemetry(prometheus::Registry& registry, OutboxHealth& health, Log& log, const Time& time,
                  const OutboxOptions& options);

  [[nodiscard]] const std::string& name() const { return name_; }

  void state_changed(relay::State state) override;
  void fetched(core::PollCause cause, std::size_t rows, std::size_t late_rows) override;
  void acknowledged(std::size_t records, core::Bytes bytes, std::span<const double> publish_seconds,
                    std::span<const double> end_to_end_seconds) override;
  void completed(std::size_t rows) override;
  void parked(const core::RowId& row, const core::Failure& failure) override;
  void dead_lettered(const core::RowId& row, const core::Failure& failure) override;
  void held(std::size_t rows) override;
  void requeued(std::size_t rows) override;
  void leading(bool leads) override;
  void queried(relay::Query query, std::chrono::steady_clock::duration duration) override;
  void redelivering(std::size_t records) override;
  void failed(relay::Activity activity, const core::Failure& failure) override;
  void recovered(relay::Activity activity) override;
  void connection_opened(relay::Purpose purpose) override;
  void producer_created() override;
  void in_flight(std::size_t rows, core::Bytes bytes) override;
  void topic_held(const std::string& topic, const core::Failure& failure) override;
  void topic_released(const std::string& topic) override;
  void held_topics(std::size_t topics) override;

  /// A pipeline begins its work with these options, after the one before is gone. Counters go on; the log
  /// tells of it as of the first one.
  void begun(const OutboxOptions& options);
  /// A new configuration ends the pipeline, which drains; the process goes on.
  void replaced() { health_->replaced(); }
  /// The process ends.
  void stops() { health_->stops(); }
  /// The pipeline's loop turns: to be called each second.
  void beat();
  /// The pipeline's thread leaves; no more beats are expected.
  void ended();
  void sampled(const Sample& sample);
  void expired(std::size_t rows);
  void replayed(std::size_t records);
  /// Another relay works on the outbox. Any thread.
  [[nodiscard]] bool is_standby() const { return state_ == relay::State::standby; }
  /// For people. Any thread.
  [[nodiscard]] OutboxOverview overview() const;
  /// Brings what is set as a group up to date. Called before metrics are rendered.
  void refresh();

 private:
  /// What the log was told of the pipeline that works, so that it says little twice.
  struct Said {
    bool is_relaying = false;
    bool is_leading = false;          ///< as the latest line about it says
    std::array<Repeats, 4> failures;  ///< by activity
    Repeats late_rows;
    Repeats refused_rows{news_interval, max_news_lines};
    Repeats requeues{news_interval, max_news_lines};
    std::size_t requeued_rows_unsaid = 0;  ///< since the latest line about them
    Repeats held_topics{news_interval, max_news_lines};
    std::set<std::string> held_topics_told;
  };
  /// Each refused row, requeue and held topic is news, so there is nothing to repeat; but there can be very
  /// many.
  static constexpr std::size_t max_news_lines = 20;
  static constexpr std::chrono::seconds news_interval{30};

  void say_state(relay::State state, relay::State previous);
  /// How many pieces of news a line stands for; nothing: it is kept back.
  [[nodiscard]] std::optional<std::uint64_t> news_of(Repeats& repeats);
  void say_leading();

  const std::string name_;
  OutboxSeries series_;
  OutboxHealth* health_;
  Log* log_;
  const Time* time_;
  std::atomic<relay::State> state_{relay::State::starting};
  std::atomic<bool> backlog_is_estimate_ = false;
  Rate acknowledged_;
  Troubles troubles_;
  bool leads_ = false;
  Said said_;
};

}  // namespace outbox_relay::telemetry
