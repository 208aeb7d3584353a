#include "config/secrecy.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "config/options.h"

namespace outbox_relay::config {
namespace {

constexpr std::array<std::string_view, 9> sensitive_parts = {
    "password",    "secret",     "passphrase",
    "private.key", ".pem",       "jaas",
    "token",       "credential", "sasl.oauthbearer.config"};

bool holds_one_open_value(Kind kind) {
  switch (kind) {
    case Kind::secret:
    case Kind::identifiers:
    case Kind::topic_patterns:
    case Kind::headers:
    case Kind::properties:
      return false;
    case Kind::text:
    case Kind::name:
    case Kind::path:
    case Kind::identifier:
    case Kind::table:
    case Kind::topic:
    case Kind::topic_name:
    case Kind::duration:
    case Kind::size:
    case Kind::count:
    case Kind::choice:
    case Kind::endpoint:
      return true;
  }
  return false;
}

struct Keys {
  std::set<std::string_view> all;   ///< every name that may stand before a colon, sections included
  std::set<std::string_view> open;  ///< those of options that hold one value which is no secret
};

Keys known_keys() {
  Keys keys;
  const auto add = [&](const Option& option) {
    const std::size_t dot = option.name.rfind('.');
    const std::string_view own = option.name.substr(dot + 1);
    keys.all.insert(own);
    if (dot != std::string_view::npos) keys.all.insert(option.name.substr(0, dot));
    if (holds_one_open_value(option.kind)) keys.open.insert(own);
  };
  for (const auto& field : daemon_fields()) add(field.option);
  for (const auto& field : outbox_fields()) add(field.option);
  keys.all.insert(outboxes_key);
  return keys;
}

}  // namespace

bool is_sensitive_property(std::string_view name) {
  return std::ranges::any_of(
      sensitive_parts, [&](std::string_view part) { return name.find(part) != std::string_view::npos; });
}

bool may_be_name(const Entry& entry) {
  const auto belongs_to_name = [](char c) {
    const bool is_letter =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || static_cast<unsigned char>(c) >= 0x80;
    return is_letter || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
  };
  return entry.value.kind != Node::Kind::null && !entry.key.text.empty() &&
         std::ranges::all_of(entry.key.text, belongs_to_name);
}

std::vector<Span> spans_that_may_be_secret(const Source& source) {
  static const Keys known = known_keys();
  std::vector<Span> spans;
  for (std::size_t number = 0; number <= source.end().line; ++number) {
    const std::string_view line = source.line(number);
    const std::size_t begin = std::min(line.find_first_not_of(" \t-"), line.size());
    const std::size_t colon = line.find(':', begin);
    const std::string_view key = line.substr(begin, colon == std::string_view::npos ? 0 : colon - begin);
    const bool is_flow = line.find('{') != std::string_view::npos;
    if (known.open.contains(key) && !is_flow) continue;
    // Any other text before a colon may as well be the rest of a secret that began on an earlier line.
    const std::size_t value = known.all.contains(key) ? line.find_first_not_of(' ', colon + 1) : begin;
    spans.push_back({{number, std::min(value, line.size())}, {number, line.size()}});
  }
  return spans;
}

}  // namespace outbox_relay::config
