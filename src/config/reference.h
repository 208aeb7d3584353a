#pragma once

#include <string>
#include <string_view>

namespace outbox_relay::config {

/// The part of config/README.md that the option table knows: every option, the presets, the refused
/// properties. Markdown.
[[nodiscard]] std::string reference();

/// `document` with everything between its two marker lines replaced by `reference()`; the document as it is
/// when it has no markers.
[[nodiscard]] std::string with_reference(std::string_view document);

}  // namespace outbox_relay::config
