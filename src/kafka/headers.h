#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string_view>

#include "core/row.h"

namespace outbox_relay::kafka {

struct RecordHeader {
  std::string_view name;
  core::Value value;  ///< nothing: a null value, which is not the same as an empty one

  friend bool operator==(const RecordHeader&, const RecordHeader&) = default;
};

/// Reads a headers column: a JSON object whose members become headers, duplicates included, in their order.
///
/// A string becomes its characters; another scalar and a nested value become their JSON text, spaced the way
/// PostgreSQL writes jsonb, so that a jsonb column's values look as its `->>` shows them; null becomes a null
/// value.
///
/// Keeps its memory from row to row, so that reading allocates nothing once it is warm. For one thread.
class HeadersReader {
 public:
  /// Values nested deeper are refused, so that no row can exhaust the stack.
  static constexpr int max_depth = 32;

  HeadersReader();
  ~HeadersReader();

  /// The headers, valid until the next call; nothing when the text is not a JSON object.
  [[nodiscard]] std::optional<std::span<const RecordHeader>> read(std::string_view json);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace outbox_relay::kafka
