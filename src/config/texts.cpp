#include "config/texts.h"

#include <arpa/inet.h>

#include <algorithm>

#include "config/units.h"
#include "core/routing.h"

namespace outbox_relay::config {
namespace {

constexpr std::string_view topic_rule = "a topic has letters, digits, `.`, `_` and `-`, at most 249 of them";

Wrong no_topic() {
  return {"is not a topic that Kafka takes", std::string(topic_rule)};
}

/// Whether a part of a topic can become a topic with something before it: the part "." can, the topic "."
/// does not exist.
bool is_part_of_topic(std::string_view text) {
  return core::is_topic_name("t" + std::string(text));
}

bool is_address(const std::string& text, int family) {
  in6_addr address{};
  return inet_pton(family, text.c_str(), &address) == 1;
}

}  // namespace

Parsed<std::string> parse_name(std::string_view text) {
  const auto is_allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  };
  const bool is_name = !text.empty() && text.size() <= 63 && std::ranges::all_of(text, is_allowed);
  if (!is_name) return Wrong{"is not a name of 1 to 63 characters out of a-z, 0-9, `_` and `-`"};
  return std::string(text);
}

Parsed<std::string> parse_identifier(std::string_view text) {
  if (!is_identifier(text)) return Wrong{"is not a name that PostgreSQL takes: 1 to 63 bytes"};
  if (text.starts_with('"'))
    return Wrong{"has quotes in it", "names are taken as they are, upper case included"};
  return std::string(text);
}

Parsed<std::string> parse_text(std::string_view text) {
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; };
  if (text.empty()) return Wrong{"is not allowed here"};
  if (std::ranges::any_of(text, is_control)) return Wrong{"has characters that are not printable"};
  return std::string(text);
}

Parsed<Template> parse_topic(std::string_view text) {
  auto parsed = parse_template(text);
  if (const auto* wrong = std::get_if<Wrong>(&parsed)) return *wrong;
  const auto& topic = std::get<Template>(parsed);
  if (topic.is_constant()) {
    if (!core::is_topic_name(topic.literal_prefix())) return no_topic();
    return parsed;
  }
  const bool is_right = std::ranges::all_of(topic.pieces, [](const Template::Piece& piece) {
    return piece.kind == Template::Piece::Kind::column || is_part_of_topic(piece.text);
  });
  if (!is_right) return no_topic();
  return parsed;
}

Parsed<std::string> parse_topic_name(std::string_view text) {
  if (!core::is_topic_name(text)) return no_topic();
  return std::string(text);
}

Parsed<std::string> parse_topic_pattern(std::string_view text) {
  if (text == "*") return Wrong{"allows every topic", "leave `allowed_topics` out, or write a `prefix*`"};
  const std::string_view name = text.ends_with('*') ? text.substr(0, text.size() - 1) : text;
  const bool is_right = text.ends_with('*') ? is_part_of_topic(name) : core::is_topic_name(name);
  if (!is_right) return Wrong{"is neither a topic nor a `prefix*`", std::string(topic_rule)};
  return std::string(text);
}

Parsed<Endpoint> parse_endpoint(std::string_view text) {
  Wrong wrong{"is not an IP address and a port", "write `127.0.0.1:8980`, `0.0.0.0:8980` or `[::1]:8980`"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return wrong;
  std::string address(text.substr(0, colon));
  const bool is_bracketed = address.starts_with('[') && address.ends_with(']');
  if (is_bracketed) address = address.substr(1, address.size() - 2);
  if (!is_address(address, is_bracketed ? AF_INET6 : AF_INET)) return wrong;
  const auto port = parse_count(text.substr(colon + 1));
  const auto* number = std::get_if<std::uint64_t>(&port);
  if (number == nullptr || *number > 65535) return Wrong{"has no port between 0 and 65535", wrong.hint};
  return Endpoint{std::move(address), static_cast<std::uint16_t>(*number)};
}

}  // namespace outbox_relay::config
