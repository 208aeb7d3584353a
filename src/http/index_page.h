#pragma once

#include <span>
#include <string_view>

#include "http/message.h"

namespace outbox_relay::http {

struct Link {
  std::string_view path;
  std::string_view text;
};

/// A small page for people who open the address in a browser.
[[nodiscard]] Response index_page(std::string_view title, std::span<const Link> links);

}  // namespace outbox_relay::http
