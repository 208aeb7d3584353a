#include "postgres/utf8.h"

#include "core/utf8.h"

namespace outbox_relay::postgres {

std::string valid_utf8(std::string_view text, std::size_t max_bytes) {
  std::string valid;
  while (!text.empty()) {
    const auto size = text.front() == '\0' ? 0 : core::character_length(text);
    const auto character = size == 0 ? std::string_view{"?"} : text.substr(0, size);
    if (valid.size() + character.size() > max_bytes) break;
    valid += character;
    text.remove_prefix(size == 0 ? 1 : size);
  }
  return valid;
}

}  // namespace outbox_relay::postgres
