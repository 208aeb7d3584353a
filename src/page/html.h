#pragma once

#include <string>
#include <string_view>

namespace outbox_relay::page {

/// Text of whatever origin, to stand between tags or inside a quoted attribute. What is no UTF-8, or a
/// control character, becomes U+FFFD; it is cut where the log cuts, too.
[[nodiscard]] std::string to_html(std::string_view text);
/// The same, to stand between tags only; what is in backticks is shown as code.
[[nodiscard]] std::string to_html_with_code(std::string_view text);

}  // namespace outbox_relay::page
