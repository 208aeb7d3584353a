#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <vector>

#include "core/ordering_key.h"
#include "core/row.h"

namespace outbox_relay::core {

/// The rows that Kafka refused and that are parked in the table, and the keys they hold back: a later row of
/// such a key is parked as well, behind its predecessor, and so leaves the fetch, frees the watermark and
/// survives a restart.
///
/// Somebody else ends a hold, by requeueing or discarding the parked row in the table. That is noticed by
/// asking for these rows in turn (`next_to_ask`). Lives on its pipeline's thread.
class Holds {
 public:
  /// A row is about to be parked. Without a key it holds nothing back, and only its release matters.
  void add(const RowId& parked, const std::optional<OrderingKey>& key);
  /// The row is parked in the table now.
  void confirm(const RowId& parked);
  /// The row is not parked any more. Returns the key that it held.
  std::optional<StoredOrderingKey> release(const RowId& parked);
  void clear();

  /// The parked row that a row of this key has to wait for.
  [[nodiscard]] std::optional<RowId> behind(const OrderingKey& key, const RowId& row) const;
  /// Whether the row is among those that are parked in the table.
  [[nodiscard]] bool is_parked(const RowId& row) const;
  [[nodiscard]] bool empty() const { return rows_.empty(); }
  [[nodiscard]] std::size_t size() const { return rows_.size(); }
  /// The next parked rows to ask for, at most `count`; each has its turn.
  [[nodiscard]] std::vector<RowId> next_to_ask(std::size_t count);

 private:
  struct Parked {
    std::optional<StoredOrderingKey> key;
    bool is_confirmed = false;
  };

  std::map<RowId, Parked> rows_;
  std::unordered_map<StoredOrderingKey, std::set<RowId>, HashOrderingKey, EqualOrderingKey> by_key_;
  RowId asked_up_to_;  ///< the last one asked for
  bool is_in_turn_ = false;
};

}  // namespace outbox_relay::core
