#include "kafka/secrets.h"

#include <algorithm>
#include <utility>

namespace outbox_relay::kafka {

Secrets::Secrets(std::vector<std::string> values) : values_(std::move(values)) {
  std::erase(values_, std::string{});
}

void Secrets::add(const std::vector<std::string>& values) {
  for (const std::string& value : values) {
    if (!value.empty() && std::ranges::find(values_, value) == values_.end()) values_.push_back(value);
  }
}

std::string Secrets::out_of(std::string_view text) const {
  std::string result;
  while (!text.empty()) {
    if (const std::size_t length = length_at_begin(text); length > 0) {
      result += "…";
      text.remove_prefix(length);
    } else {
      result += text.front();
      text.remove_prefix(1);
    }
  }
  return result;
}

std::size_t Secrets::length_at_begin(std::string_view text) const {
  std::size_t longest = 0;
  for (const std::string_view value : values_) {
    const std::size_t last = value.size() - std::min(value.size(), shortest_end);
    for (std::size_t begin = 0; begin <= last; ++begin) {
      if (text.starts_with(value.substr(begin))) longest = std::max(longest, value.size() - begin);
    }
  }
  return longest;
}

}  // namespace outbox_relay::kafka
