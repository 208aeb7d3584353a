#include "core/holds.h"

#include <iterator>
#include <utility>

namespace outbox_relay::core {

void Holds::add(const RowId& parked, const std::optional<OrderingKey>& key) {
  Parked& added = rows_[parked];
  if (!key) return;
  added.key.emplace(*key);
  by_key_[*added.key].insert(parked);
}

void Holds::confirm(const RowId& parked) {
  if (const auto row = rows_.find(parked); row != rows_.end()) row->second.is_confirmed = true;
}

std::optional<StoredOrderingKey> Holds::release(const RowId& parked) {
  const auto row = rows_.find(parked);
  if (row == rows_.end()) return std::nullopt;
  auto key = std::move(row->second.key);
  rows_.erase(row);
  if (!key) return key;
  const auto of_key = by_key_.find(*key);
  of_key->second.erase(parked);
  if (of_key->second.empty()) by_key_.erase(of_key);
  return key;
}

void Holds::clear() {
  rows_.clear();
  by_key_.clear();
  is_in_turn_ = false;
}

// The nearest one: when a lower one is released, the row still waits where it belongs.
std::optional<RowId> Holds::behind(const OrderingKey& key, const RowId& row) const {
  if (by_key_.empty()) return std::nullopt;  // nearly always: saves hashing the key of each row
  const auto of_key = by_key_.find(key);
  if (of_key == by_key_.end()) return std::nullopt;
  const auto above = of_key->second.lower_bound(row);
  if (above == of_key->second.begin()) return std::nullopt;
  return *std::prev(above);
}

bool Holds::is_parked(const RowId& row) const {
  const auto found = rows_.find(row);
  return found != rows_.end() && found->second.is_confirmed;
}

std::vector<RowId> Holds::next_to_ask(std::size_t count) {
  std::vector<RowId> ids;
  auto row = is_in_turn_ ? rows_.upper_bound(asked_up_to_) : rows_.begin();
  for (; row != rows_.end() && ids.size() < count; ++row) {
    if (row->second.is_confirmed) ids.push_back(row->first);
  }
  is_in_turn_ = row != rows_.end();
  if (is_in_turn_) asked_up_to_ = std::prev(row)->first;
  return ids;
}

}  // namespace outbox_relay::core
