#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/routing.h"
#include "core/window.h"

namespace outbox_relay::core {

/// What the order of rows is kept within: a topic and a key. A view into a row.
struct OrderingKey {
  TopicId topic{};
  std::string_view key;

  friend bool operator==(const OrderingKey&, const OrderingKey&) = default;
};

/// The ordering key of a row; nothing where its key is NULL: such rows have no order to keep.
[[nodiscard]] inline std::optional<OrderingKey> ordering_key(TopicId topic, const Row& row) {
  if (!row.key) return std::nullopt;
  return OrderingKey{topic, *row.key};
}
/// Dead letters have none either: whoever reads them looks at one at a time.
[[nodiscard]] inline std::optional<OrderingKey> ordering_key(const InFlight& row) {
  if (row.dead_letter) return std::nullopt;
  return ordering_key(row.topic, *row.row);
}

/// An ordering key that owns its text, to be a key of `std::unordered_map` that is looked up by views.
struct StoredOrderingKey {
  TopicId topic{};
  std::string key;

  explicit StoredOrderingKey(const OrderingKey& from) : topic(from.topic), key(from.key) {}
  [[nodiscard]] OrderingKey view() const { return {topic, key}; }
};

struct HashOrderingKey {
  using is_transparent = void;
  std::size_t operator()(const OrderingKey& key) const {
    return std::hash<std::string_view>{}(key.key) ^
           (static_cast<std::size_t>(key.topic) * 0x9e3779b97f4a7c15);
  }
  std::size_t operator()(const StoredOrderingKey& key) const { return (*this)(key.view()); }
};

struct EqualOrderingKey {
  using is_transparent = void;
  template <typename A, typename B>
  bool operator()(const A& a, const B& b) const {
    return view(a) == view(b);
  }

 private:
  static OrderingKey view(const OrderingKey& key) { return key; }
  static OrderingKey view(const StoredOrderingKey& key) { return key.view(); }
};

}  // namespace outbox_relay::core
