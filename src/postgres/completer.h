#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "postgres/placed_rows.h"
#include "postgres/session.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {

/// Completes rows by their places, in one statement. The places must have been read since the server was last
/// started.
///
/// A commit that is asynchronous may be taken back by a crash of the server: the rows are pending again then,
/// and published once more. None is passed over, because the watermark is written to the same log after the
/// completions that let it move, and a crash takes back the end of the log and nothing else; so does the
/// failover to a standby, whose log ends earlier.
class Completer {
 public:
  Completer(Session& session, const Table& table, const Statements& statements, CompletionCommit commit);

  /// Returns how many rows were found at their places, still pending, and are complete now.
  awaitable<std::size_t> complete(std::vector<PlacedRow> rows) const;
  /// The same, but for rows that somebody has locked: waits for no row. Returns the ids of the others.
  awaitable<std::set<core::RowId>> complete_unlocked(std::vector<PlacedRow> rows) const;

 private:
  awaitable<Result> run(const std::string& sql, const std::vector<PlacedRow>& rows) const;

  Session* session_;
  const Table* table_;
  CompletionCommit commit_;
  std::string sql_;
  std::string unlocked_sql_;
};

}  // namespace outbox_relay::postgres
