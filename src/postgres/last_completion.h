#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>

#include "core/row.h"
#include "postgres/server_identity.h"
#include "postgres/session.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// Tells whether completions that were acknowledged have been taken back: by the failover to a standby that
/// is behind, or by a crash of a server that acknowledges commits before its disk has them.
///
/// What is lost is the end of the log and nothing else, so if the last completion is there, all are. A mark
/// can be seen; a deleted row cannot be told from one whose insert was lost, too, and nothing that anybody
/// may read says where a promoted server's own log began.
class LastCompletion {
 public:
  /// A server acknowledged completions. `row` was marked by the last one of them, none if that is not known.
  void acknowledged(const ServerIdentity& server, std::optional<core::RowId> row);

  /// Asks on a session with `server`, where it can be known; in doubt the answer is yes. `are_durable`: that
  /// server makes each commit durable. Throws what `Session::run` throws.
  awaitable<bool> may_be_lost(Session& session, const Table& table, const ServerIdentity& server,
                              bool are_durable) const;

 private:
  struct Log {
    std::int64_t system_identifier = 0;
    std::int32_t timeline = 0;
  };

  std::optional<Log> log_;  ///< that it was written to
  std::optional<core::RowId> row_;
};

}  // namespace outbox_relay::postgres
