#include "config/table_name.h"

#include <algorithm>
#include <optional>
#include <vector>

namespace outbox_relay::config {
namespace {

// NAMEDATALEN - 1; a longer name would be cut silently.
constexpr std::size_t longest_identifier = 63;

bool starts_plain_name(char c) {
  return (c >= 'a' && c <= 'z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}

bool is_plain_name(std::string_view text) {
  const auto continues = [](char c) { return starts_plain_name(c) || (c >= '0' && c <= '9') || c == '$'; };
  return !text.empty() && starts_plain_name(text.front()) && std::ranges::all_of(text, continues);
}

std::string written(const std::string& identifier) {
  if (is_plain_name(identifier)) return identifier;
  std::string quoted = "\"";
  for (const char c : identifier) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

/// Takes one part off the front of `text`, up to the dot or the end; nothing when a quote is not closed.
std::optional<std::string> take_quoted(std::string_view& text) {
  std::string part;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] != '"') {
      part += text[i];
    } else if (i + 1 < text.size() && text[i + 1] == '"') {
      part += text[i++];
    } else {
      text.remove_prefix(i + 1);
      return part;
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_identifier(std::string_view text) {
  return !text.empty() && text.size() <= longest_identifier && text.find('\0') == std::string_view::npos;
}

std::string to_text(const TableName& name) {
  return written(name.schema) + '.' + written(name.table);
}

Parsed<TableName> parse_table_name(std::string_view text) {
  const std::string example = "write `schema.table`, such as `public.outbox`";
  std::vector<std::string> parts;
  while (true) {
    if (text.starts_with('"')) {
      auto part = take_quoted(text);
      if (!part) return Wrong{"has a quote that is not closed", example};
      if (!text.empty() && !text.starts_with('.')) return Wrong{"goes on after a closing quote", example};
      parts.push_back(*std::move(part));
    } else {
      const std::string_view part = text.substr(0, text.find('.'));
      if (part.empty()) return Wrong{parts.empty() ? "has no schema" : "has an empty name in it", example};
      if (!is_plain_name(part)) {
        return Wrong{"has a name that needs quotes",
                     "names with upper case or special characters are written as '\"Schema\".\"Table\"'"};
      }
      parts.emplace_back(part);
      text.remove_prefix(part.size());
    }
    if (!is_identifier(parts.back())) return Wrong{"has a name that is not 1 to 63 bytes long", example};
    if (text.empty()) break;
    text.remove_prefix(1);
  }
  if (parts.size() == 1) return Wrong{"has no schema", example};
  if (parts.size() > 2) return Wrong{"has more than a schema and a table in it", example};
  return TableName{std::move(parts[0]), std::move(parts[1])};
}

}  // namespace outbox_relay::config
