#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "core/row.h"
#include "postgres/session.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {

/// Completes rows by their places, in one statement: pairs of ctid and id, because after VACUUM another row
/// may lie in a row's place. The places must have been read since the server was last started.
class Completer {
 public:
  /// A row, by the place where it is now.
  struct Placed {
    core::RowPlace place;
    const core::RowId* id = nullptr;
  };

  Completer(Session& session, const Table& table, const Statements& statements);

  /// Returns how many rows were found at their places, still pending, and are complete now.
  awaitable<std::size_t> complete(std::vector<Placed> rows) const;
  /// Adds the ids as the parameter that `Statements` expects.
  void add_ids(Query& query, const std::vector<const core::RowId*>& ids) const;

 private:
  Session* session_;
  IdKind id_kind_;
  bool with_tables_;
  std::string sql_;
};

}  // namespace outbox_relay::postgres
