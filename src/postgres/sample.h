#pragma once

#include <cstdint>
#include <limits>

namespace outbox_relay::postgres {

/// What is known of an outbox's table at a moment. NaN: could not be found out.
struct Sample {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  /// Up to here `backlog_rows` is a count, above it an estimate.
  static constexpr std::int64_t exact_rows = 10'000;

  [[nodiscard]] bool is_estimate() const { return backlog_rows > static_cast<double>(exact_rows); }

  double backlog_rows = unknown;                      ///< pending ones
  double oldest_pending_timestamp_seconds = unknown;  ///< 0 without backlog
  double parked_rows = unknown;  ///< refused by Kafka; these two count up to 100 000 together
  double held_rows = unknown;    ///< parked behind them
  double table_dead_rows = unknown;
  double oldest_snapshot_age_seconds =
      unknown;  ///< of any transaction that keeps dead rows from being removed
};

}  // namespace outbox_relay::postgres
