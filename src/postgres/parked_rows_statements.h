#pragma once

#include <optional>
#include <string>

#include "postgres/parked_rows.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// What is done to the refused rows that were selected.
enum class ParkedAction : std::uint8_t { requeue, discard };

/// A statement with its parameters.
struct ParkedStatement {
  std::string sql;
  Texts parameters;
};

/// The SQL of `ParkedRows`, for one selection: pages of refused rows, and of orphaned ones, in the order of
/// their ids. Which rows are refused, held or orphaned, and behind which, is said in parking_statements.h.
class ParkedRowsStatements {
 public:
  /// The rows of one page are read, or changed in one transaction.
  static constexpr int page_rows = 100;

  ParkedRowsStatements(const Table& table, const ParkedSelection& selection);

  /// A page: id, error, attempts, parked_at, created_at, whether there is a key, what is in `last_error` of
  /// the rows behind.
  [[nodiscard]] ParkedStatement page(const std::optional<std::string>& after) const;
  /// The first half of an action's transaction: the refused rows of a page, whose ids come back with what is
  /// in `last_error` of the rows behind.
  [[nodiscard]] ParkedStatement act(ParkedAction action, const std::optional<std::string>& after) const;
  /// The second half: releases the rows behind, `errors` as above. Returns their number and the lowest id.
  [[nodiscard]] ParkedStatement release(const Texts& errors) const;
  /// How many rows are behind each row that has any: what is in their `last_error`, and their number.
  [[nodiscard]] ParkedStatement count_behind() const;
  /// Those of the ids that are parked: id, and the refused row it is behind, or NULL.
  [[nodiscard]] ParkedStatement find(const Texts& ids) const;

 private:
  /// The refused rows of a page, as condition, order and limit; adds its parameters.
  [[nodiscard]] std::string page_condition(const std::optional<std::string>& after, Texts& parameters) const;

  Table table_;
  ParkedSelection selection_;
  std::string target_;
};

}  // namespace outbox_relay::postgres
