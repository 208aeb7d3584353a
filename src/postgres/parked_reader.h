#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "core/finding.h"
#include "postgres/page_reader.h"
#include "postgres/parking_statements.h"
#include "postgres/session.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// Which refused rows are parked, and which are not any more. Lives with the session that fetches.
class ParkedReader {
 public:
  ParkedReader(Session& session, const Table& table, const ParkingStatements& statements);

  /// All of them, for their keys; without those that are held behind them. All must fit into memory, so more
  /// than a hundred thousand are refused with remedy `operate`.
  awaitable<core::Page> read() const;
  /// Makes rows pending again that wait for none of them any more: somebody deleted or changed that by hand.
  /// Returns the lowest of their ids, where they are numbers. Does nothing where rows are not parked.
  awaitable<std::optional<std::int64_t>> release_orphaned() const;
  /// Rows behind one that is not parked any more are pending again when this returns.
  awaitable<std::vector<core::Released>> find_released(std::span<const core::RowId> parked) const;

 private:
  Session* session_;
  const Table* table_;
  const ParkingStatements* statements_;
  PageReader reader_;
};

}  // namespace outbox_relay::postgres
