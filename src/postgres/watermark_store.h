#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "postgres/server_identity.h"
#include "postgres/session.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// The watermark of one outbox in the control schema (deploy/sql/control.sql). A speed hint: nothing depends
/// on it.
class WatermarkStore {
 public:
  WatermarkStore(std::string schema, const Table& table, const ServerIdentity& server);

  /// What is wrong with the control schema, or nothing. Asked once, before the others.
  awaitable<std::optional<std::string>> find_trouble(Session& session) const;
  /// The saved watermark, or less, where rows were put back below it. One of another table, cluster or
  /// timeline, or above what the sequence has drawn, is erased for good: the sequence would pass it again one
  /// day, with rows below it that nobody looked for.
  awaitable<std::optional<std::int64_t>> load(Session& session, std::int64_t last_drawn) const;
  awaitable<void> save(Session& session, std::int64_t watermark) const;

 private:
  std::string schema_;
  std::string relation_;
  Table table_;
  ServerIdentity server_;
};

}  // namespace outbox_relay::postgres
