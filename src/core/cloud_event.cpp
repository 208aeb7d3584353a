#include "core/cloud_event.h"

#include <algorithm>

namespace outbox_relay::core::cloud_event {
namespace {

constexpr std::string_view prefix = "ce_";

}  // namespace

bool is_attribute(std::string_view header) {
  return header.starts_with(prefix);
}

bool is_attribute_name(std::string_view header) {
  const auto name = header.substr(prefix.size());
  return !name.empty() &&
         std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

bool is_required(std::string_view header) {
  return std::ranges::find(required_headers, header) != required_headers.end();
}

}  // namespace outbox_relay::core::cloud_event
