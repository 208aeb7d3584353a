#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstddef>
#include <string>
#include <vector>

#include "core/row.h"
#include "postgres/completer.h"
#include "postgres/page_reader.h"
#include "postgres/session.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {

/// Completes rows whose places cannot be trusted: read in another session, or left by an UPDATE of somebody
/// else's.
///
/// Reads the rows that are still pending once more by id, compares each with what was published, and
/// completes the equal ones by the places they have now. After a crash an id, its ctid and even its xmin can
/// come back for another row, so nothing less than the whole message proves that it is the same.
class CarefulCompleter {
 public:
  CarefulCompleter(Session& session, const Table& table, const Statements& statements,
                   const PageReader& reader, const Completer& completer);

  /// Rows that are gone, complete, or another message now are left alone. Returns how many were completed.
  /// Throws `core::FailureError` with remedy `retry` for rows that move faster than they can be completed,
  /// and with `rebuild` when the table is another one now.
  awaitable<std::size_t> complete(std::vector<const core::Row*> rows) const;

  struct Unlocked {
    std::size_t completed = 0;
    std::vector<const core::Row*> locked;
  };
  /// The same, but waits for no row: those that somebody has locked, or moves meanwhile, are told.
  awaitable<Unlocked> complete_unlocked(std::vector<const core::Row*> rows) const;

 private:
  using Rows = std::vector<const core::Row*>;

  /// Those of some rows that are pending still, and equal, with the places they have now.
  struct Found {
    Rows rows;
    std::vector<PlacedRow> placed;
  };

  awaitable<Found> find(Rows rows) const;
  [[nodiscard]] Query read_again(const Rows& rows) const;

  Session* session_;
  const Table* table_;
  const PageReader* reader_;
  const Completer* completer_;
  std::string sql_;
};

}  // namespace outbox_relay::postgres
