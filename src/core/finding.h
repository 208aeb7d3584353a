#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/row.h"
#include "core/units.h"

// The vocabulary between the rules that find rows (`Cursor`, `Scan`) and the port that reads them.
namespace outbox_relay::core {

/// Ids from `first` to `last`, both included.
struct IdRange {
  std::int64_t first = 0;
  std::int64_t last = 0;

  friend bool operator==(const IdRange&, const IdRange&) = default;
};

/// What holds a write lock on the outbox: a virtual transaction ("3/1177"), or a prepared one ("-1/8231";
/// PostgreSQL 15.20 keeps the name from before the PREPARE).
struct Writers {
  std::vector<std::string> transactions;

  [[nodiscard]] static bool is_prepared(const std::string& transaction) {
    return transaction.starts_with("-1/");
  }
};

/// One statement, so one snapshot: the pending rows of `gaps`, and of what lies above `after`.
struct FetchRequest {
  std::vector<IdRange> gaps;   ///< ascending, apart, all below or at `after`; sequence ids only
  std::optional<RowId> after;  ///< nothing: from the bottom
  std::optional<RowId> up_to;  ///< nothing: to the top
  std::size_t max_rows = 0;
  Bytes max_bytes;            ///< rows are returned while their sum stays within
  bool whole_row = false;     ///< the first row is returned even if it is larger than `max_bytes`
  bool read_writers = false;  ///< read who holds a write lock on the outbox first, then fetch
  bool read_highest = false;  ///< read the highest id in the table first, then fetch; text ids only
};

/// What a fetch found.
struct Fetched {
  Page page{};  ///< of the rows in gaps and above `after`, each at most `max_rows`, in the order of ids
  std::size_t rows_in_gaps = 0;
  /// The size of the first row that did not fit into `max_bytes`; the page ends before it.
  std::optional<Bytes> cut_before{};
  std::optional<Writers> writers{};  ///< as asked by `read_writers`
  std::optional<RowId> highest{};    ///< as asked by `read_highest`; nothing when the table is empty
  /// Everything visible to the fetch is safe once the log is flushed up to `written`.
  LogPosition written{};
  LogPosition flushed{};
  DatabaseTime read_at{};  ///< the database's clock when the fetch was answered
};

/// Which ids exist: asked at the start, for stretches of the table that an earlier process may have read.
struct SurveyRequest {
  std::int64_t after = 0;
  std::int64_t up_to = 0;
  std::size_t max_rows = 0;  ///< bounds what one statement may walk over
};

/// The ids missing in (`after`, `surveyed`].
struct Survey {
  std::vector<IdRange> gaps;
  std::int64_t surveyed = 0;  ///< `up_to`, unless `max_rows` ended the survey before it
};

/// Why a page was fetched when it was.
enum class PollCause : std::uint8_t {
  timer,
  full_page,     ///< or ids that were not read yet
  notification,  ///< somebody said that rows were written
  wake,          ///< the relay itself knows of rows to be read again
};

/// What is known of the outbox when its sessions have been opened.
struct SourceFacts {
  bool ids_from_sequence = false;
  std::int64_t last_drawn = 0;    ///< sequence ids: the highest id drawn before now
  std::int64_t before_first = 0;  ///< sequence ids: below the lowest id in the table
  /// Saved by an earlier run. One that cannot be true any more (the sequence stands below it, the table or
  /// the server is another one) has been erased for good: the sequence will pass it again one day.
  std::optional<std::int64_t> watermark;
  /// Rows that this relay completed before may be pending again: a standby has taken the server's place, or
  /// the server crashed, and does not make each completion durable.
  bool may_have_lost_completions = false;
  /// The rows that Kafka refused and that are parked: id, key and attributes, nothing else. Without those
  /// that are only held behind them.
  Page parked{};
};

/// A row that was parked and is not any more.
struct Released {
  RowId id;
  bool is_pending = false;  ///< requeued; else discarded, or gone
};

}  // namespace outbox_relay::core
