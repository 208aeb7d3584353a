#pragma once

#include <algorithm>
#include <chrono>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/units.h"

namespace outbox_relay::core {

/// What names a row and orders its outbox: a number drawn from a sequence, or a text (uuid, ULID, text).
///
/// All ids of one outbox are of one kind. Texts compare byte by byte, as PostgreSQL does with COLLATE "C"
/// (and with uuid, whose text form sorts like its bytes).
class RowId {
 public:
  RowId() = default;
  explicit RowId(std::int64_t number) : number_(number) {}
  explicit RowId(std::string text) : text_(std::move(text)) {}

  /// Meaningful for ids from a sequence only.
  [[nodiscard]] std::int64_t number() const { return number_; }
  /// Meaningful for text ids only.
  [[nodiscard]] const std::string& text() const { return text_; }
  [[nodiscard]] std::string to_string() const { return text_.empty() ? std::to_string(number_) : text_; }

  friend std::strong_ordering operator<=>(const RowId& a, const RowId& b) {
    if (const auto order = a.number_ <=> b.number_; order != 0) return order;
    return a.text_.compare(b.text_) <=> 0;
  }
  friend bool operator==(const RowId&, const RowId&) = default;

 private:
  std::int64_t number_ = 0;
  std::string text_;
};

/// Where a row version lies: the partition that holds it and its ctid there. It proves nothing on its own
/// (after VACUUM another row may lie there), and nothing at all in another session than the one that read it.
struct RowPlace {
  std::uint32_t table = 0;   ///< tableoid
  std::uint32_t block = 0;   ///< first half of ctid
  std::uint16_t offset = 0;  ///< second half of ctid

  friend bool operator==(const RowPlace&, const RowPlace&) = default;
};

/// A column's value as text (or raw bytes, for bytea); nothing for NULL, which is not the same as empty.
using Value = std::optional<std::string_view>;

/// When the row was written, by the database's clock.
using DatabaseTime = std::chrono::sys_time<std::chrono::microseconds>;

/// One outbox row as it was read. The views point into its page's memory.
struct Row {
  RowId id;
  RowPlace place;
  std::string_view message_id;
  Value key;
  Value payload;
  Value headers;  ///< the headers column, a JSON text
  std::optional<DatabaseTime> created_at;
  /// The columns that templates, headers and `partition` name, in the order of `Routing::columns`.
  std::span<const Value> attributes;
};

/// Whether two readings are of the same message. An id proves nothing after a database crash (an unflushed
/// row's id, ctid and even xmin come back for another row), so all that was published is compared as well.
[[nodiscard]] inline bool same_message(const Row& a, const Row& b) {
  return a.id == b.id && a.message_id == b.message_id && a.key == b.key && a.payload == b.payload &&
         a.headers == b.headers && std::ranges::equal(a.attributes, b.attributes);
}

/// Rows that one query returned, in the order of their ids, and the memory they point into.
struct Page {
  std::vector<Row> rows;
  Bytes bytes;                         ///< what the rows occupy
  std::shared_ptr<const void> memory;  ///< keeps every view in `rows` alive
};

}  // namespace outbox_relay::core
