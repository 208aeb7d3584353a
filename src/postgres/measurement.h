#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "postgres/sample.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// The measurements, each in a transaction of its own on a connection of libpqxx. Their cost is bounded: by a
/// number of rows, and by the statement timeout. None scans the table sequentially. Blocking; throw what
/// libpqxx throws.
class Measurement {
 public:
  Measurement(Table table, std::chrono::milliseconds statement_timeout);

  /// Fills in what it can; what an exception leaves out stays unknown. Without a watermark the backlog is not
  /// counted.
  void measure(pqxx::connection& connection, std::optional<std::int64_t> watermark, Sample& sample) const;
  /// Whether a count that begins at the bottom comes to the top, so that it needs no watermark.
  [[nodiscard]] bool is_small(pqxx::connection& connection) const;

 private:
  void measure_table(pqxx::connection& connection, Sample& sample, double& live_rows) const;
  void measure_snapshots(pqxx::connection& connection, Sample& sample) const;
  void measure_parked(pqxx::connection& connection, Sample& sample) const;
  void measure_backlog(pqxx::connection& connection, std::int64_t watermark, double live_rows,
                       Sample& sample) const;
  /// The last row that a count above `id` may walk over; nothing when there are fewer.
  [[nodiscard]] std::optional<std::int64_t> end_of_walk(pqxx::transaction_base& transaction,
                                                        std::int64_t id) const;
  /// Where the count stopped at a bound, pieces of what lies beyond say what all of it is like.
  void add_beyond(pqxx::transaction_base& transaction, std::int64_t watermark, std::int64_t last_counted,
                  Sample& sample) const;
  [[nodiscard]] std::string created() const;
  [[nodiscard]] std::string backlog_sql() const;
  [[nodiscard]] std::string pieces_sql() const;

  Table table_;
  std::chrono::milliseconds statement_timeout_;
};

}  // namespace outbox_relay::postgres
