#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "config/parsed.h"
#include "core/units.h"

namespace outbox_relay::config {

/// A whole number and one of `ms s m h d`.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

/// A whole number and one of `B KiB MiB GiB`.
[[nodiscard]] Parsed<core::Bytes> parse_size(std::string_view text);

/// What the two above read, in the largest unit that leaves a whole number.
[[nodiscard]] std::string to_text(std::chrono::milliseconds duration);
[[nodiscard]] std::string to_text(core::Bytes size);

/// A whole number without sign, leading zeros (`012` is 10 to some YAML readers and 12 to others) or
/// separators.
[[nodiscard]] Parsed<std::uint64_t> parse_count(std::string_view text);

}  // namespace outbox_relay::config
