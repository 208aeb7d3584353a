#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>

namespace outbox_relay::core {

/// An amount of memory or data. A type of its own, so that bytes are never mistaken for a number of rows.
struct Bytes {
  std::size_t count = 0;

  friend auto operator<=>(Bytes, Bytes) = default;
  friend Bytes operator+(Bytes a, Bytes b) { return {a.count + b.count}; }
  /// Never wraps: taking more than there is leaves nothing.
  friend Bytes operator-(Bytes a, Bytes b) { return {a.count > b.count ? a.count - b.count : 0}; }
  Bytes& operator+=(Bytes other) { return *this = *this + other; }
  Bytes& operator-=(Bytes other) { return *this = *this - other; }
};

/// Takes `value` where it is lower than what was met so far, if anything was.
template <typename T>
void lower(std::optional<T>& lowest, const T& value) {
  if (!lowest || value < *lowest) lowest = value;
}

/// The sequence id before this one; the lowest has none, and stands for itself.
[[nodiscard]] constexpr std::int64_t before(std::int64_t id) {
  return id == std::numeric_limits<std::int64_t>::min() ? id : id - 1;
}

/// A position in PostgreSQL's write-ahead log (pg_lsn).
struct LogPosition {
  std::uint64_t value = 0;

  friend auto operator<=>(LogPosition, LogPosition) = default;
};

}  // namespace outbox_relay::core
