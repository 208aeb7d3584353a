#pragma once

#include <cstddef>
#include <string_view>

namespace outbox_relay::core {

/// The bytes of the UTF-8 character that `text` begins with, or 0 when it begins with none (RFC 3629, table
/// 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF).
[[nodiscard]] std::size_t character_length(std::string_view text);

}  // namespace outbox_relay::core
