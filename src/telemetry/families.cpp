#include "telemetry/families.h"

#include <prometheus/counter.h>
#include <prometheus/family.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>

#include <limits>
#include <utility>
#include <vector>

namespace outbox_relay::telemetry {

namespace {

// Series are found by their enum's number.
template <typename Enum, std::size_t Size>
constexpr bool is_numbered(const Enum (&values)[Size]) {
  for (std::size_t at = 0; at < Size; ++at) {
    if (static_cast<std::size_t>(values[at]) != at) return false;
  }
  return true;
}
static_assert(is_numbered(core::all_reasons) && is_numbered(all_states) && is_numbered(all_poll_causes) &&
              is_numbered(all_queries) && is_numbered(all_purposes) && is_numbered(all_log_levels));

using Bounds = std::vector<double>;

constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

// An ack takes 1 to 5 ms from a broker near by, some 100 ms from one far away, and seconds in a broker's
// failover.
const Bounds publish_bounds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60};
// From a poll at once (5 ms) over the slowest poll (0.5 s) to what waited through an outage of minutes or
// hours.
const Bounds end_to_end_bounds{0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5,  1,    2.5,
                               5,     10,   30,    60,   300, 900,  3600, 14400};
// A fetch in a good state takes 0.3 to 3 ms, over dead rows 200 ms, at most the statement timeout of 30 s.
const Bounds query_bounds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30};
// 0 counts the polls that found nothing; the default page is 1000 rows.
const Bounds page_bounds{0, 1, 10, 50, 100, 250, 500, 1000, 2500, 5000, 10000};

}  // namespace

/// Makes series that share some labels. Families of the same name are one: the registry merges them.
class SeriesMaker {
 public:
  SeriesMaker(prometheus::Registry& registry, prometheus::Labels labels)
      : registry_(&registry), labels_(std::move(labels)) {}

  prometheus::Counter& counter(const std::string& name, const std::string& help) {
    return add(prometheus::BuildCounter().Name(prefixed(name)).Help(help), labels_);
  }
  template <typename Enum, std::size_t Size>
  SeriesBy<prometheus::Counter, Enum, Size> counters(const std::string& name, const std::string& help,
                                                     const std::string& label, const Enum (&values)[Size]) {
    std::array<prometheus::Counter*, Size> series{};
    for (const auto value : values) {
      series[static_cast<std::size_t>(value)] =
          &add(prometheus::BuildCounter().Name(prefixed(name)).Help(help), with(label, to_label(value)));
    }
    return SeriesBy<prometheus::Counter, Enum, Size>(series);
  }
  prometheus::Gauge& gauge(const std::string& name, const std::string& help, double start = 0) {
    return add(prometheus::BuildGauge().Name(prefixed(name)).Help(help), labels_, start);
  }
  StateGauges states(const std::string& name, const std::string& help) {
    std::array<prometheus::Gauge*, std::size(all_states)> series{};
    for (const auto state : all_states) {
      series[static_cast<std::size_t>(state)] =
          &add(prometheus::BuildGauge().Name(prefixed(name)).Help(help), with("state", to_label(state)), 0.0);
    }
    return StateGauges(series);
  }
  BatchHistogram histogram(const std::string& name, const std::string& help, const Bounds& bounds) {
    return {add(prometheus::BuildHistogram().Name(prefixed(name)).Help(help), labels_, bounds), bounds};
  }
  QueryHistograms queries(const std::string& name, const std::string& help, const Bounds& bounds) {
    std::vector<BatchHistogram> series;
    for (const auto query : all_queries) {
      const auto labels = with("query", to_label(query));
      series.emplace_back(add(prometheus::BuildHistogram().Name(prefixed(name)).Help(help), labels, bounds),
                          bounds);
    }
    return QueryHistograms(std::move(series));
  }
  /// Of all that were made.
  std::vector<std::function<void()>> take_removals() { return std::exchange(removals_, {}); }

 private:
  static std::string prefixed(const std::string& name) {
    return name.starts_with("process_") ? name : std::string(metric_prefix) + name;
  }
  prometheus::Labels with(const std::string& label, std::string_view value) const {
    auto labels = labels_;
    labels.emplace(label, value);
    return labels;
  }
  template <typename Metric, typename... Arguments>
  Metric& add(prometheus::detail::Builder<Metric> builder, const prometheus::Labels& labels,
              Arguments&&... arguments) {
    auto& family = builder.Register(*registry_);
    auto& metric = family.Add(labels, std::forward<Arguments>(arguments)...);
    removals_.push_back([&family, &metric] { family.Remove(&metric); });
    return metric;
  }

  prometheus::Registry* registry_;
  prometheus::Labels labels_;
  std::vector<std::function<void()>> removals_;
};

SeriesRemover::~SeriesRemover() {
  for (const auto& remove : removals_) remove();
}

OutboxSeries::OutboxSeries(prometheus::Registry& registry, const std::string& outbox)
    : OutboxSeries(SeriesMaker(registry, {{"outbox", outbox}})) {}

OutboxSeries::OutboxSeries(SeriesMaker make)
    : rows_fetched(make.counter("rows_fetched_total", "Rows read from the outbox table.")),
      records_published(make.counter("records_published_total", "Records that Kafka acknowledged.")),
      rows_completed(make.counter("rows_completed_total", "Acknowledged rows that were marked or deleted.")),
      published_bytes(
          make.counter("published_bytes_total", "Bytes of keys and payloads that Kafka acknowledged.")),
      late_rows(
          make.counter("late_rows_total",
                       "Rows that only the background sweep found: their ids were not drawn as assumed.")),
      records_redelivered(make.counter("records_redelivered_total",
                                       "Records published once more because their first fate is unknown.")),
      records_replayed(
          make.counter("records_replayed_total",
                       "Records of sent rows published once more because somebody requested it.")),
      rows_parked(make.counters("rows_parked_total", "Rows that Kafka refused and that were set aside.",
                                "reason", core::all_reasons)),
      rows_dead_lettered(make.counters("rows_dead_lettered_total",
                                       "Rows that Kafka refused and that went to the dead letter topic.",
                                       "reason", core::all_reasons)),
      rows_requeued(make.counter("rows_requeued_total",
                                 "Parked rows that somebody put back, and that the relay took notice of.")),
      rows_expired(
          make.counter("rows_expired_total", "Sent rows that were deleted because keep_sent had passed.")),
      fetch_failures(make.counters("fetch_failures_total", "Failures to read the outbox table.", "reason",
                                   core::all_reasons)),
      publish_failures(make.counters("publish_failures_total", "Failures to publish to Kafka.", "reason",
                                     core::all_reasons)),
      complete_failures(make.counters("complete_failures_total",
                                      "Failures to mark or delete acknowledged rows.", "reason",
                                      core::all_reasons)),
      expire_failures(make.counters("expire_failures_total",
                                    "Failures to delete rows that were kept long enough.", "reason",
                                    core::all_reasons)),
      polls(make.counters(
          "polls_total",
          "Fetches, by what caused them: the timer, a full page before, a notification, or rows that "
          "the relay knows of (wake).",
          "cause", all_poll_causes)),
      connections_opened(make.counters("connections_opened_total",
                                       "Connections to PostgreSQL that were opened.", "purpose",
                                       all_purposes)),
      producers_created(make.counter("producers_created_total", "Kafka producers that were made.")),
      backlog_rows(make.gauge("backlog_rows",
                              "Pending rows in the outbox table, without parked and held ones: exact to "
                              "10000, an estimate above.",
                              unknown)),
      backlog_oldest_timestamp(make.gauge("backlog_oldest_timestamp_seconds",
                                          "When the oldest pending row was created; 0 when there is none.",
                                          unknown)),
      parked_rows(make.gauge("parked_rows",
                             "Rows that Kafka refused, set aside until somebody requeues or discards them.",
                             unknown)),
      held_rows(make.gauge("held_rows", "Rows set aside because they are behind a parked row of their key.",
                           unknown)),
      held_topics(make.gauge("held_topics", "Topics whose rows cannot go out now, while others can.")),
      in_flight_rows(make.gauge("in_flight_rows", "Rows fetched and not completed yet.")),
      in_flight_bytes(make.gauge("in_flight_bytes", "Bytes of the rows fetched and not completed yet.")),
      in_flight_limit_rows(make.gauge("in_flight_limit_rows", "What in_flight_rows may reach.")),
      in_flight_limit_bytes(make.gauge("in_flight_limit_bytes",
                                       "What in_flight_bytes may reach, but for one row larger than that.")),
      last_poll_timestamp(make.gauge("last_poll_timestamp_seconds",
                                     "When the outbox table was last read; 0: not since the start.")),
      last_ack_timestamp(make.gauge("last_ack_timestamp_seconds",
                                    "When Kafka last acknowledged a record; 0: not since the start.")),
      last_completion_timestamp(make.gauge("last_completion_timestamp_seconds",
                                           "When rows were last marked or deleted; 0: not since the start.")),
      state(make.states("state", "What the pipeline is doing: one of these is 1.")),
      leader(make.gauge("leader", "Whether this relay is the one that works on the outbox.")),
      table_dead_rows(make.gauge("table_dead_rows",
                                 "Dead row versions in the outbox table, as PostgreSQL estimates.", unknown)),
      oldest_snapshot_age(make.gauge("oldest_snapshot_age_seconds",
                                     "Age of the oldest snapshot, which keeps dead rows from being removed.",
                                     unknown)),
      publish_duration(make.histogram("publish_duration_seconds",
                                      "From handing a record to the producer to its ack.", publish_bounds)),
      end_to_end_duration(make.histogram("end_to_end_duration_seconds",
                                         "From a row's created_at to its ack, by the database's clock.",
                                         end_to_end_bounds)),
      query_durations(
          make.queries("query_duration_seconds", "Time taken by queries to PostgreSQL.", query_bounds)),
      page_rows(make.histogram("page_rows", "Rows found by a fetch.", page_bounds)),
      remover_(make.take_removals()) {}

ProcessSeries::ProcessSeries(prometheus::Registry& registry, const BuildInfo& build)
    : ProcessSeries(SeriesMaker(registry, {}), SeriesMaker(registry, {{"version", build.version},
                                                                      {"revision", build.revision},
                                                                      {"librdkafka", build.librdkafka},
                                                                      {"libpq", build.libpq}})) {}

ProcessSeries::ProcessSeries(SeriesMaker make, SeriesMaker make_with_build)
    : build_info(make_with_build.gauge("build_info", "The program and its libraries; always 1.", 1)),
      reload_successful(make.gauge("config_last_reload_successful",
                                   "Whether the last attempt to load the configuration worked.", 1)),
      reload_success_timestamp(make.gauge("config_last_reload_success_timestamp_seconds",
                                          "When the configuration in use was loaded.")),
      log_messages(make.counters("log_messages_total", "Lines written to the log.", "level", all_log_levels)),
      log_messages_suppressed(
          make.counter("log_messages_suppressed_total",
                       "Log lines kept back because they repeat, or because nothing took them.")),
      cpu_seconds(make.counter("process_cpu_seconds_total", "User and system time of the process.")),
      resident_memory(make.gauge("process_resident_memory_bytes", "Resident memory.", unknown)),
      virtual_memory(make.gauge("process_virtual_memory_bytes", "Virtual memory.", unknown)),
      open_descriptors(make.gauge("process_open_fds", "Open file descriptors.", unknown)),
      max_descriptors(make.gauge("process_max_fds", "What process_open_fds may reach.", unknown)),
      threads(make.gauge("process_threads", "Threads of the process.", unknown)),
      start_time(make.gauge("process_start_time_seconds", "When the process was started.", unknown)) {}

}  // namespace outbox_relay::telemetry
