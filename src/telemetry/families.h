#pragma once

#include <array>
#include <cstddef>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/failure.h"
#include "telemetry/batch_histogram.h"
#include "telemetry/labels.h"
#include "telemetry/log.h"

namespace prometheus {
class Counter;
class Gauge;
class Registry;
}  // namespace prometheus

// Every metric there is (CONTRACT.md section 5); families.cpp holds names, help texts and bounds. A family
// that has no meaning in this version is left out until it has one.
//
// Names begin with `outbox_relay_` (but for `process_*`, which are what they are everywhere), and units are
// base units. Every series exists from the start, each value of a label included. What is not known is NaN,
// never 0; a timestamp of something that has not happened since the start is 0, so that its age is huge and
// alerts on it fire.
namespace outbox_relay::telemetry {

/// The prefix of our own families.
inline constexpr std::string_view metric_prefix = "outbox_relay_";

/// Series of one family, one for each value of an enum.
template <typename Metric, typename Enum, std::size_t Size>
class SeriesBy {
 public:
  explicit SeriesBy(const std::array<Metric*, Size>& series) : series_(series) {}
  [[nodiscard]] Metric& operator[](Enum value) const { return *series_[static_cast<std::size_t>(value)]; }

 private:
  std::array<Metric*, Size> series_;
};

using ReasonCounters = SeriesBy<prometheus::Counter, core::Reason, std::size(core::all_reasons)>;
using PollCounters = SeriesBy<prometheus::Counter, core::PollCause, std::size(all_poll_causes)>;
using ConnectionCounters = SeriesBy<prometheus::Counter, relay::Purpose, std::size(all_purposes)>;
using StateGauges = SeriesBy<prometheus::Gauge, relay::State, std::size(all_states)>;
using LogCounters = SeriesBy<prometheus::Counter, LogLevel, std::size(all_log_levels)>;

/// As `SeriesBy`, for histograms.
class QueryHistograms {
 public:
  explicit QueryHistograms(std::vector<BatchHistogram> series) : series_(std::move(series)) {}
  [[nodiscard]] const BatchHistogram& operator[](relay::Query query) const {
    return series_[static_cast<std::size_t>(query)];
  }

 private:
  std::vector<BatchHistogram> series_;  // in the order of `all_queries`
};

class SeriesMaker;

/// Takes series out of a registry when it is destroyed.
class SeriesRemover {
 public:
  explicit SeriesRemover(std::vector<std::function<void()>> removals) : removals_(std::move(removals)) {}
  SeriesRemover(const SeriesRemover&) = delete;
  SeriesRemover& operator=(const SeriesRemover&) = delete;
  ~SeriesRemover();

 private:
  std::vector<std::function<void()>> removals_;
};

/// The series of one outbox, as long as this lives. Making them registers their families with the registry,
/// which outlives this.
struct OutboxSeries {
  OutboxSeries(prometheus::Registry& registry, const std::string& outbox);

  prometheus::Counter& rows_fetched;
  prometheus::Counter& records_published;
  prometheus::Counter& rows_completed;
  prometheus::Counter& published_bytes;
  prometheus::Counter& late_rows;
  prometheus::Counter& records_redelivered;
  prometheus::Counter& records_replayed;
  ReasonCounters rows_parked;
  ReasonCounters rows_dead_lettered;
  prometheus::Counter& rows_requeued;
  prometheus::Counter& rows_expired;
  ReasonCounters fetch_failures;
  ReasonCounters publish_failures;
  ReasonCounters complete_failures;
  ReasonCounters expire_failures;
  PollCounters polls;
  ConnectionCounters connections_opened;
  prometheus::Counter& producers_created;

  prometheus::Gauge& backlog_rows;
  prometheus::Gauge& backlog_oldest_timestamp;
  prometheus::Gauge& parked_rows;
  prometheus::Gauge& held_rows;
  prometheus::Gauge& held_topics;
  prometheus::Gauge& in_flight_rows;
  prometheus::Gauge& in_flight_bytes;
  prometheus::Gauge& in_flight_limit_rows;
  prometheus::Gauge& in_flight_limit_bytes;
  prometheus::Gauge& last_poll_timestamp;
  prometheus::Gauge& last_ack_timestamp;
  prometheus::Gauge& last_completion_timestamp;
  StateGauges state;
  prometheus::Gauge& leader;
  prometheus::Gauge& table_dead_rows;
  prometheus::Gauge& oldest_snapshot_age;

  BatchHistogram publish_duration;
  BatchHistogram end_to_end_duration;
  QueryHistograms query_durations;
  BatchHistogram page_rows;

 private:
  explicit OutboxSeries(SeriesMaker make);

  SeriesRemover remover_;
};

/// What /metrics says of the program itself.
struct BuildInfo {
  std::string version;
  std::string revision;
  std::string librdkafka;  ///< the version that runs
  std::string libpq;
};

/// The series of the process, as long as the registry lives.
struct ProcessSeries {
  ProcessSeries(prometheus::Registry& registry, const BuildInfo& build);

  prometheus::Gauge& build_info;
  prometheus::Gauge& reload_successful;
  prometheus::Gauge& reload_success_timestamp;
  LogCounters log_messages;
  prometheus::Counter& log_messages_suppressed;
  prometheus::Counter& cpu_seconds;
  prometheus::Gauge& resident_memory;
  prometheus::Gauge& virtual_memory;
  prometheus::Gauge& open_descriptors;
  prometheus::Gauge& max_descriptors;
  prometheus::Gauge& threads;
  prometheus::Gauge& start_time;

 private:
  ProcessSeries(SeriesMaker make, SeriesMaker make_with_build);
};

}  // namespace outbox_relay::telemetry
