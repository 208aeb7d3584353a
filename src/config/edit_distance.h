#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

namespace outbox_relay::config {

/// How many single-character insertions, deletions, replacements and swaps of neighbours turn one text into
/// the other.
[[nodiscard]] std::size_t edit_distance(std::string_view a, std::string_view b);

/// The candidate that the user most likely meant by `word`, or nothing when none is near. Behind every "did
/// you mean".
[[nodiscard]] std::optional<std::string_view> nearest(std::string_view word,
                                                      std::span<const std::string_view> candidates);

}  // namespace outbox_relay::config
