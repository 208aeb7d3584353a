#include "drain.h"
#include "idle.h"
#include "latency.h"
#include "shape.h"

namespace outbox_relay::bench {
namespace {

const std::vector<Column>& drain_columns() {
  static const std::vector<Column> columns{
      {"rows_per_second", "rows/s"},
      {"rows_per_second_from_start", "from start"},
      {"cpu_us_per_row", "CPU µs/row", 2},
      {"postgres_cpu_us_per_row", "PostgreSQL µs/row", 2},
      {"kafka_cpu_us_per_row", "Kafka µs/row", 2},
      {"peak_memory_mib", "memory MiB"},
      {"wal_bytes_per_row", "WAL B/row"},
      {"hot_ratio", "HOT", 3},
  };
  return columns;
}

Arm drain_arm(std::string name, const Drain& drain) {
  return {std::move(name), [drain](Lab& lab) { return run_drain(lab, drain); }};
}

Arm end_arm(std::string name, const Drain& drain) {
  return {std::move(name), [drain](Lab& lab) { return run_end_alone(lab, drain); }};
}

Claim at_least(std::string text, std::string of, std::string against, double bar) {
  return {.text = std::move(text),
          .kind = Claim::Kind::ratio,
          .measure = "rows_per_second",
          .of = std::move(of),
          .against = std::move(against),
          .at_least = true,
          .bar = bar};
}

const char* to_text(Completion completion) {
  return completion == Completion::mark ? "mark" : "delete";
}

const char* to_text(Payload payload) {
  return payload == Payload::bytea ? "bytea" : "jsonb";
}

Shape drain_shape(const Scale& scale) {
  Shape shape{
      .name = "drain", .title = "A backlog is drained", .arms = {}, .columns = drain_columns(), .claims = {}};
  for (const Completion completion : {Completion::mark, Completion::remove}) {
    for (const Payload payload : {Payload::bytea, Payload::jsonb}) {
      const std::string kind = std::string{to_text(completion)} + ", " + to_text(payload);
      Drain drain{.contender = Contender::relay,
                  .completion = completion,
                  .backlog = {.rows = scale.rows, .payload = payload},
                  .relay_options = {}};
      shape.arms.push_back(drain_arm(kind + ": relay", drain));
      drain.contender = Contender::limit;
      shape.arms.push_back(drain_arm(kind + ": limit", drain));
      shape.claims.push_back(
          at_least(kind + ": relay against limit", kind + ": relay", kind + ": limit", 0.9));
      if (completion == Completion::remove) continue;
      drain.contender = Contender::usual_loop;
      drain.backlog.table = Table::usual;
      shape.arms.push_back(drain_arm(kind + ": usual loop", drain));
      shape.claims.push_back(
          at_least(kind + ": relay against the usual loop", kind + ": relay", kind + ": usual loop", 3));
    }
  }
  Drain alone{.contender = Contender::fetch_only,
              .completion = Completion::mark,
              .backlog = {.rows = scale.rows},
              .relay_options = {}};
  shape.arms.push_back(end_arm("fetch alone, bytea", alone));
  alone.contender = Contender::publish_only;
  shape.arms.push_back(end_arm("publish alone", alone));
  alone.contender = Contender::complete_only;
  shape.arms.push_back(end_arm("mark alone", alone));
  alone.completion = Completion::remove;
  shape.arms.push_back(end_arm("delete alone", alone));
  return shape;
}

Drain relay_drain(const Scale& scale, Completion completion) {
  return {.contender = Contender::relay,
          .completion = completion,
          .backlog = {.rows = scale.rows},
          .relay_options = {}};
}

Claim at_most(std::string text, std::string measure, std::string of, double bar) {
  return {.text = std::move(text),
          .kind = Claim::Kind::value,
          .measure = std::move(measure),
          .of = std::move(of),
          .against = {},
          .at_least = false,
          .bar = bar};
}

Shape latency_shape(const Scale& scale) {
  Shape shape{.name = "latency",
              .title = "A row that is committed arrives at a consumer",
              .arms = {},
              .columns = {{"p99_ms", "p99 ms", 1},
                          {"p50_ms", "p50 ms", 1},
                          {"own_mean_ms", "relay's own mean ms", 1}},
              .claims = {}};
  for (const int rate : {500, 5000}) {
    const std::string per_second = std::to_string(rate) + " rows/s: ";
    for (const auto way : {Latency::Way::relay, Latency::Way::broker}) {
      const Latency latency{.way = way, .rows_per_second = rate, .duration = scale.steady};
      shape.arms.push_back({per_second + (way == Latency::Way::relay ? "relay" : "broker alone"),
                            [latency](Lab& lab) { return run_latency(lab, latency); }});
    }
  }
  for (const auto& [measure, bar] : {std::pair{"p50_ms", 5.0}, {"p99_ms", 10.0}}) {
    shape.claims.push_back({.text = std::string{"5000 rows/s, "} + measure + " beyond the broker's own",
                            .kind = Claim::Kind::difference,
                            .measure = measure,
                            .of = "5000 rows/s: relay",
                            .against = "5000 rows/s: broker alone",
                            .at_least = false,
                            .bar = bar});
  }
  return shape;
}

Shape memory_shape(const Scale& scale) {
  constexpr std::size_t rows_per_large_one = 10'000;
  Drain small = relay_drain(scale, Completion::mark);
  Drain large = small;
  large.backlog.large_rows = scale.rows / rows_per_large_one;
  return {.name = "memory",
          .title = "The relay's memory while it drains",
          .arms = {drain_arm("400 B: relay", small), drain_arm("10 MB in between: relay", large)},
          .columns = {{"peak_memory_mib", "memory MiB", 1}, {"rows_per_second", "rows/s"}},
          .claims = {at_most("MiB, 400 B a row", "peak_memory_mib", "400 B: relay", 64),
                     at_most("MiB, with 10 MB rows in between: 64 above in_flight_bytes", "peak_memory_mib",
                             "10 MB in between: relay", 64 + 32)}};
}

Shape wal_shape(const Scale& scale) {
  return {.name = "wal",
          .title = "Write-ahead log of a completed row, without images of whole pages",
          .arms = {drain_arm("mark: relay", relay_drain(scale, Completion::mark)),
                   drain_arm("delete: relay", relay_drain(scale, Completion::remove))},
          .columns = {{"wal_bytes_per_row", "WAL B/row", 1},
                      {"full_page_images_per_row", "page images/row", 4},
                      {"hot_ratio", "HOT", 3}},
          .claims = {at_most("bytes per marked row", "wal_bytes_per_row", "mark: relay", 96),
                     at_most("bytes per deleted row", "wal_bytes_per_row", "delete: relay", 64)}};
}

/// The same drain twice, with one thing changed.
Shape compared(std::string name, std::string title, const std::string& usual, const std::string& changed,
               const Drain& drain, const Drain& changed_drain, double bar) {
  Shape shape{.name = std::move(name),
              .title = std::move(title),
              .arms = {drain_arm(usual, drain), drain_arm(changed, changed_drain)},
              .columns = drain_columns(),
              .claims = {}};
  shape.claims.push_back(at_least(changed + " against " + usual, changed, usual, bar));
  return shape;
}

Shape one_key_shape(const Scale& scale) {
  const Drain many = relay_drain(scale, Completion::mark);
  Drain one = many;
  one.backlog.keys = 1;
  return compared("one-key", "All rows have one key, so all records go to one partition", "many keys: relay",
                  "one key: relay", many, one, 0.7);
}

Shape snapshot_shape(const Scale& scale) {
  const Drain without = relay_drain(scale, Completion::mark);
  Drain behind = without;
  behind.behind_snapshot = true;
  return compared("snapshot", "Another session holds a snapshot from before the drain", "no snapshot: relay",
                  "snapshot: relay", without, behind, 0.8);
}

Shape flushed_shape(const Scale& scale) {
  Drain visible = relay_drain(scale, Completion::mark);
  visible.relay_options = "    publish_after: visible\n";
  return compared("flushed", "Rows are published when they are flushed, or as soon as they are visible",
                  "visible: relay", "flushed: relay", visible, relay_drain(scale, Completion::mark), 0.97);
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
                     at_most("% of a core", "cpu_percent", "relay", 0.5)}};
}

}  // namespace

Shape make_check() {
  Shape shape{.name = "check",
              .title = "Counts that are not times",
              .arms = {},
              .columns = {{"wal_bytes_per_row", "WAL B/row", 1},
                          {"queries_per_page", "queries/page", 1},
                          {"hot_ratio", "HOT", 3}},
              .claims = {}};
  Drain drain{.contender = Contender::relay,
              .completion = Completion::mark,
              .backlog = {.rows = check_rows},
              .relay_options = {}};
  shape.arms.push_back(drain_arm("mark: relay", drain));
  drain.contender = Contender::limit;
  shape.arms.push_back(drain_arm("mark: limit", drain));
  drain.contender = Contender::usual_loop;
  drain.backlog.table = Table::usual;
  shape.arms.push_back(drain_arm("mark: usual loop", drain));
  drain.backlog.table = Table::shipped;
  drain.completion = Completion::remove;
  drain.contender = Contender::relay;
  shape.arms.push_back(drain_arm("delete: relay", drain));
  drain.contender = Contender::limit;
  shape.arms.push_back(drain_arm("delete: limit", drain));

  const auto claim = [&shape](const char* text, const char* measure, const char* of, bool at_least,
                              double bar) {
    shape.claims.push_back({.text = text,
                            .kind = Claim::Kind::value,
                            .measure = measure,
                            .of = of,
                            .against = {},
                            .at_least = at_least,
                            .bar = bar});
  };
  claim("WAL bytes per marked row", "wal_bytes_per_row", "mark: relay", false, 96);
  claim("WAL bytes per deleted row", "wal_bytes_per_row", "delete: relay", false, 64);
  claim("marks that touch no index", "hot_ratio", "mark: relay", true, 0.8);
  claim("queries per page of 1000 rows, those of the start included", "queries_per_page", "mark: relay",
        false, 10);
  return shape;
}

std::vector<Shape> make_shapes(const Scale& scale) {
  return {drain_shape(scale),   latency_shape(scale),  memory_shape(scale), wal_shape(scale),
          one_key_shape(scale), snapshot_shape(scale), idle_shape(scale),   flushed_shape(scale)};
}

}  // namespace outbox_relay::bench
