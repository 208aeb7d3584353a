#include "shape_parts.h"

#include <utility>

namespace outbox_relay::bench {

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

namespace {

constexpr double gb = 1e9;
constexpr double servers = 0.3;
// Of a row, in bytes: in the table, which is filled to 45 %, with its index; in the log, when it is written;
// in Kafka.
constexpr double table_bytes = 1400;
constexpr double log_bytes = 750;
constexpr double record_bytes = 400;

}  // namespace

double gigabytes(std::size_t rows_of_templates, std::size_t rows_of_run) {
  // The log holds the copies of two runs: it shrinks by checkpoints, and there is one before each run.
  constexpr double run_bytes = table_bytes + 2 * table_bytes + record_bytes;
  return servers + (static_cast<double>(rows_of_templates) * table_bytes +
                    static_cast<double>(rows_of_run) * run_bytes) /
                       gb;
}

double gigabytes_unique(std::size_t rows) {
  return servers + static_cast<double>(rows) * (table_bytes + log_bytes + record_bytes) / gb;
}

Arm drain_arm(std::string name, const Drain& drain) {
  return {std::move(name), [drain](Lab& lab) { return run_drain(lab, drain); }};
}

Drain relay_drain(std::size_t rows, Completion completion) {
  return {.contender = Contender::relay, .completion = completion, .backlog = {.rows = rows}};
}

Claim ratio_at_least(std::string text, std::string measure, std::string of, std::string against, double bar) {
  return {.text = std::move(text),
          .kind = Claim::Kind::ratio,
          .measure = std::move(measure),
          .of = std::move(of),
          .against = std::move(against),
          .at_least = true,
          .bar = bar};
}

Claim difference_at_most(std::string text, std::string measure, std::string of, std::string against,
                         double bar) {
  return {.text = std::move(text),
          .kind = Claim::Kind::difference,
          .measure = std::move(measure),
          .of = std::move(of),
          .against = std::move(against),
          .at_least = false,
          .bar = bar};
}

Claim at_least(std::string text, std::string measure, std::string of, double bar) {
  return {.text = std::move(text),
          .kind = Claim::Kind::value,
          .measure = std::move(measure),
          .of = std::move(of),
          .against = {},
          .at_least = true,
          .bar = bar};
}

Claim at_most(std::string text, std::string measure, std::string of, double bar) {
  Claim claim = at_least(std::move(text), std::move(measure), std::move(of), bar);
  claim.at_least = false;
  return claim;
}

}  // namespace outbox_relay::bench
