#pragma once

#include <string>
#include <string_view>

#include "core/row.h"
#include "postgres/layout.h"
#include "postgres/table.h"

// The SQL of parking, for a table that has the columns for it; rows under the alias `o`. A parked row was
// either refused by Kafka or is held, because it has to wait behind such a row of its key; only `last_error`
// tells.
namespace outbox_relay::postgres {

/// What `last_error` of a held row begins with; the id of the parked row follows.
inline constexpr std::string_view behind_prefix = "behind ";
/// What stands in `last_error` of a refused row between the reason's label and the message.
inline constexpr std::string_view after_reason = ": ";

[[nodiscard]] std::string refused_condition(const Table& table);
[[nodiscard]] std::string held_condition(const Table& table);
/// Held behind a row that is not refused any more: somebody deleted it, or took it out by hand. Nothing would
/// ever release them.
[[nodiscard]] std::string orphaned_condition(const Table& table);
/// What `last_error` of a held row is among: of all refused rows, what it is in the rows behind.
[[nodiscard]] std::string all_behind(const Table& table);
/// What `last_error` is in the rows behind `o`.
[[nodiscard]] std::string behind_this(const Table& table);

class ParkingStatements {
 public:
  explicit ParkingStatements(const Table& table);

  /// The columns of `parked`.
  [[nodiscard]] const Layout& layout() const { return layout_; }
  /// What `layout` belongs to: the table with these columns only.
  [[nodiscard]] const Table& table() const { return keys_; }

  /// Parks refused rows: `add_placed_rows`, $6 text[] their errors. Returns their ids.
  [[nodiscard]] std::string park() const;
  /// Parks rows behind others: `add_placed_rows`, $6 text[] what `last_error` becomes, $7 the ids of the
  /// others. Keeps those parked until the end of the transaction, and leaves a row alone whose other one is
  /// not. Returns their ids.
  [[nodiscard]] std::string hold() const;
  /// Of the first $1 refused rows, how many there are and how many bytes their columns have.
  [[nodiscard]] std::string measure() const;
  /// All refused rows, in the order of their ids.
  [[nodiscard]] std::string parked() const;
  /// Of the rows $1, those that are not refused ones any more, and whether they are pending.
  [[nodiscard]] std::string find_released() const;
  /// Makes the orphaned rows pending again. Returns the lowest id of them, or NULL, where ids are numbers.
  [[nodiscard]] std::string release_orphaned() const;

 private:
  [[nodiscard]] std::string target() const;

  Table table_;
  Table keys_;
  Layout layout_;
};

}  // namespace outbox_relay::postgres
