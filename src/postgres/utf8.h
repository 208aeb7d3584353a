#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace outbox_relay::postgres {

/// The text as PostgreSQL takes it: bytes that are no UTF-8, and zeros, become '?'. Ends before the character
/// that would pass `max_bytes`.
[[nodiscard]] std::string valid_utf8(std::string_view text, std::size_t max_bytes);

}  // namespace outbox_relay::postgres
