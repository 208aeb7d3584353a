#pragma once

#include <string_view>

namespace outbox_relay::page {

/// A file of this folder that stands inside the document.
struct Embedded {
  std::string_view text;
  std::string_view hash;  ///< of the text, as a Content-Security-Policy has it: "sha256-…"
};

[[nodiscard]] Embedded style();
[[nodiscard]] Embedded script();

}  // namespace outbox_relay::page
