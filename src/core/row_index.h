#pragma once

#include <cstddef>
#include <vector>

#include "core/row.h"

namespace outbox_relay::core {

struct InFlight;

/// Finds rows of the window by their ids, several messages under one id among them.
///
/// Chains the rows themselves (`InFlight::next_in_index`), so none of them costs an allocation: what is
/// allocated is one table, with the first row. Never outlives the rows. Lives on its pipeline's thread.
class RowIndex {
 public:
  /// So many rows, about, are found in one or two steps each.
  explicit RowIndex(std::size_t rows);

  void add(InFlight& row);
  void remove(const InFlight& row);
  /// Whether this very message is among the rows.
  [[nodiscard]] bool contains(const Row& row) const;
  /// How many steps a search takes at most, counted one by one; to be asked by tests.
  [[nodiscard]] std::size_t longest_search() const;

 private:
  [[nodiscard]] std::size_t bucket_of(const RowId& id) const;

  int bits_;
  std::vector<InFlight*> buckets_;  ///< 2 to the power of `bits_`, once there was a row
};

}  // namespace outbox_relay::core
