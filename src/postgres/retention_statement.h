#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>

#include "core/failure.h"
#include "postgres/settings.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// What one look at a stretch of the table has done.
struct Expired {
  std::size_t deleted = 0;
  std::size_t walked = 0;
  bool has_young = false;           ///< there are sent rows that are kept still
  std::optional<std::string> last;  ///< the last id that was walked over
};

/// Why rows of this table cannot be deleted for their age: its column does not tell when one was sent. With
/// remedy `operate`.
[[nodiscard]] std::optional<core::Failure> missing_sent_time(const Table& table);

/// The statement that deletes sent rows which have been kept long enough. It walks over a bounded number of
/// rows in the order of their ids, and by its own conditions touches no row that is pending or parked, or
/// that somebody has locked.
class RetentionStatement {
 public:
  static constexpr std::size_t walked_rows = 1000;

  /// Throws `core::FailureError` with a `missing_sent_time`.
  RetentionStatement(const Table& table, std::chrono::milliseconds keep_sent);

  /// Looks at the rows above `after`; of numbers from a sequence at none above `watermark`, behind which they
  /// may be pending. In a transaction of its own, whose commit waits for no disk: what a crash brings back is
  /// deleted once more.
  [[nodiscard]] Expired expire(pqxx::connection& connection, const std::optional<std::string>& after,
                               std::int64_t watermark, std::chrono::milliseconds statement_timeout) const;

 private:
  [[nodiscard]] std::string sql(bool has_after) const;

  Table table_;
  std::chrono::milliseconds keep_sent_;
};

}  // namespace outbox_relay::postgres
