#pragma once

#include <optional>

#include "core/cursor.h"
#include "core/finding.h"

namespace outbox_relay::core {

/// Where to look for pending rows of an outbox whose ids are not drawn from a sequence (uuid v7, ULID, text,
/// numbers that the application makes).
///
/// Such ids tell nothing about rows that are still to come, so there are no gaps and no position: rows are
/// read in passes from the bottom, and what is in the window already is skipped. A pass goes no further than
/// the highest id that existed when it began: a row may be committed behind it, and a later one of its key
/// must not be met before the next pass has read that row. Order still depends on the clocks that made the
/// ids.
class Scan {
 public:
  /// Begin a new pass.
  void start();
  [[nodiscard]] FetchRequest next_fetch(std::size_t max_rows) const;
  /// Takes in what a fetch found; nothing of it when a new pass was begun meanwhile.
  Absorbed absorb(const FetchRequest& request, Fetched& fetched, const IsKnown& is_known);

 private:
  std::optional<RowId> after_;  ///< how far this pass has come
  std::optional<RowId> top_;    ///< how far it goes; known from its second fetch on
};

}  // namespace outbox_relay::core
