#pragma once

#include <boost/asio/awaitable.hpp>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/parking.h"
#include "postgres/parking_statements.h"
#include "postgres/session.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// Sets rows aside in the table. Lives with the session that completes rows.
class Parker {
 public:
  Parker(Session& session, const Table& table, const ParkingStatements& statements);

  /// In one transaction: the refused rows, then the held ones. Rows whose places cannot be trusted any more,
  /// that are not pending, or whose other row is not parked, are left alone. Returns the ids of the others.
  awaitable<std::vector<core::RowId>> park(std::span<const core::Parking> rows) const;

 private:
  [[nodiscard]] Query park_refused(std::span<const core::Parking* const> rows) const;
  [[nodiscard]] Query park_held(std::span<const core::Parking* const> rows) const;

  Session* session_;
  const Table* table_;
  std::string park_sql_;
  std::string hold_sql_;
};

/// What `last_error` tells: the reason's label and the message, at most 1000 bytes and valid UTF-8, since the
/// server takes nothing else.
[[nodiscard]] std::string error_text(const core::Failure& failure);

}  // namespace outbox_relay::postgres
