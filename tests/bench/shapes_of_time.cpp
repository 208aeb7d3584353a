#include "idle.h"
#include "latency.h"
#include "shape_parts.h"

// What happens at a steady rate, or at none.
namespace outbox_relay::bench {
namespace {

constexpr int high_rate = 5000;  ///< rows a second

Arm latency_arm(std::string name, const Latency& latency) {
  return {std::move(name), [latency](Lab& lab) { return run_latency(lab, latency); }};
}

std::size_t steady_rows(const Scale& scale) {
  return static_cast<std::size_t>(high_rate * scale.steady.count());
}

/// An option that is set in two ways, and what that does to a backlog and to a steady flow.
Shape two_ways(const Scale& scale, std::string name, std::string title, const std::string& option,
               const std::vector<std::string>& ways) {
  Shape shape{.name = std::move(name),
              .title = std::move(title),
              .columns = {{"rows_per_second", "rows/s"},
                          {"cpu_us_per_row", "CPU µs/row", 2},
                          {"p50_ms", "p50 ms", 1},
                          {"p99_ms", "p99 ms", 1}},
              .disk_gb = gigabytes(scale.rows, scale.rows)};
  for (const std::string& way : ways) {
    Drain drain = relay_drain(scale.rows);
    drain.relay_options = "    " + option + ": " + way + "\n";
    shape.arms.push_back(drain_arm(way + ", a backlog: relay", drain));
    shape.arms.push_back(latency_arm(
        way + ", 5000 rows/s: relay",
        {.rows_per_second = high_rate, .duration = scale.steady, .relay_options = drain.relay_options}));
  }
  return shape;
}

}  // namespace

Shape latency_shape(const Scale& scale) {
  Shape shape{
      .name = "latency",
      .title = "A row that is committed arrives at a consumer",
      .columns = {
          {"p99_ms", "p99 ms", 1}, {"p50_ms", "p50 ms", 1}, {"own_mean_ms", "relay's own mean ms", 1}}};
  for (const int rate : {500, 5000}) {
    const std::string per_second = std::to_string(rate) + " rows/s: ";
    for (const auto way : {Latency::Way::relay, Latency::Way::broker}) {
      const Latency latency{.way = way, .rows_per_second = rate, .duration = scale.steady};
      shape.arms.push_back(
          latency_arm(per_second + (way == Latency::Way::relay ? "relay" : "broker alone"), latency));
    }
  }
  for (const auto& [measure, bar] : {std::pair{"p50_ms", 5.0}, {"p99_ms", 10.0}}) {
    shape.claims.push_back(
        difference_at_most(std::string{"5000 rows/s, "} + measure + " beyond the broker's own", measure,
                           "5000 rows/s: relay", "5000 rows/s: broker alone", bar));
  }
  shape.disk_gb = gigabytes(0, steady_rows(scale));
  return shape;
}

Shape idle_shape(const Scale& scale) {
  constexpr double poll_interval_seconds = 0.5;
  const auto duration = scale.idle;
  return {.name = "idle",
          .title = "Nothing to do",
          .arms = {{"relay", [duration](Lab& lab) { return run_idle(lab, duration); }}},
          .columns = {{"cpu_percent", "CPU, % of a core", 2},
                      {"fetches_per_interval", "fetches per poll_interval", 2},
                      {"queries_per_interval", "all queries per poll_interval", 2},
                      {"wal_bytes_per_second", "WAL B/s", 1}},
          .claims = {at_most("fetches per poll_interval, one at the edge allowed", "fetches_per_interval",
                             "relay", 1 + poll_interval_seconds / static_cast<double>(duration.count())),
                     at_most("% of a core", "cpu_percent", "relay", 0.5)},
          .is_quick = true,
          .disk_gb = gigabytes(0, 0),
          .repeats = 1};
}

Shape flushed_shape(const Scale& scale) {
  Shape shape =
      two_ways(scale, "flushed", "Rows are published when they are flushed, or as soon as they are visible",
               "publish_after", {"visible", "flushed"});
  shape.claims = {ratio_at_least("rate, flushed against visible", "rows_per_second",
                                 "flushed, a backlog: relay", "visible, a backlog: relay", 0.97),
                  difference_at_most("p99 ms at 5000 rows/s, flushed beyond visible", "p99_ms",
                                     "flushed, 5000 rows/s: relay", "visible, 5000 rows/s: relay", 2)};
  return shape;
}

Shape completing_shape(const Scale& scale) {
  return two_ways(scale, "completing", "Completions wait for the database's disk, or they do not",
                  "completion_commit", {"synchronous", "asynchronous"});
}

}  // namespace outbox_relay::bench
