#pragma once

#include <boost/asio/awaitable.hpp>
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
  awaitable<std::vector<core::Released>> find_released(std::span<const core::RowId> parked) const;

 private:
  Session* session_;
  const Table* table_;
  const ParkingStatements* statements_;
  PageReader reader_;
};

}  // namespace outbox_relay::postgres
