#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace outbox_relay::core {

/// The bytes of the UTF-8 character that `text` begins with, or 0 when it begins with none (RFC 3629, table
/// 3-7 of the Unicode standard: no overlong forms, no surrogates, nothing above U+10FFFF).
[[nodiscard]] std::size_t character_length(std::string_view text);

/// Whether a byte goes on with a character that began before it.
[[nodiscard]] bool continues_character(char byte);

/// Whether all of it is characters, and none of them zero: C functions take it as it is.
[[nodiscard]] bool is_text(std::string_view text);

/// The text, or as many whole characters of its beginning as fit into so many bytes.
[[nodiscard]] std::string_view beginning_of(std::string_view text, std::size_t max_bytes);

/// Whether a character is one that a terminal would obey instead of showing it: C0, DEL or C1 (U+0080 to
/// U+009F).
[[nodiscard]] bool is_control(std::string_view character);

/// The text with `instead` in the place of each control character, and of each byte that is no UTF-8.
[[nodiscard]] std::string replace_controls(std::string_view text, std::string_view instead);

}  // namespace outbox_relay::core
