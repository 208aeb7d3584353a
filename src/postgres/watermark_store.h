#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <optional>
#include <string>

#include "postgres/server_identity.h"
#include "postgres/session.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// What the saved watermark `w` is good for: the rows that were put back since taken off, NULL when it is of
/// another table, cluster or timeline, of a sequence that was restarted, or above what that has drawn. $3 oid
/// of the table; $4, $5, $7 as in `ServerIdentity` and `Sequence::filenode`; $6 bigint: the last id drawn.
extern const char* const good_watermark_sql;

/// The watermark of one outbox in the control schema (deploy/sql/control.sql). A speed hint: nothing depends
/// on it.
class WatermarkStore {
 public:
  WatermarkStore(std::string schema, const Table& table, const ServerIdentity& server);

  /// What is wrong with the control schema, or nothing. Asked once, before the others.
  awaitable<std::optional<std::string>> find_trouble(Session& session) const;
  /// Where a start begins: the saved watermark, lowered to below the rows that were put back since the last
  /// start. That becomes the saved one, so that each row put back costs one start only. One of another table,
  /// cluster or timeline, of a sequence that was restarted since, or above what the sequence has drawn, is
  /// erased for good: the sequence would pass it again one day, with rows below it that nobody looked for.
  ///
  /// `session` must be the one that holds the lead. A relay that has lost it would take from the other one's
  /// next start what it has to begin below, and a late `save` of our own previous
  /// session could undo it.
  awaitable<std::optional<std::int64_t>> load(Session& session, std::int64_t last_drawn) const;
  awaitable<void> save(Session& session, std::int64_t watermark) const;
  /// Has the server flush its log up to here, by a transaction that changes nothing anybody sees. Without a
  /// synchronous commit it may take as long as 5 s: PostgreSQL's WAL writer sleeps when nothing
  /// was committed for a while, and what a SELECT logs (pruned pages, hint bits) does not wake it.
  awaitable<void> flush_log(Session& session) const;

 private:
  std::string schema_;
  std::string relation_;
  Table table_;
  std::uint32_t sequence_file_;
  ServerIdentity server_;
};

}  // namespace outbox_relay::postgres
