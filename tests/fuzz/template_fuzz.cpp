// Templates of topics and headers, and what they come to for a row.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/template.h"
#include "core/routing.h"
#include "require.h"

using namespace outbox_relay;
using fuzzing::require;
using Piece = config::Template::Piece;

namespace {

/// As somebody would write it.
std::string written(const std::vector<Piece>& pieces) {
  std::string text;
  for (const auto& piece : pieces) {
    if (piece.kind == Piece::Kind::column) {
      text += '{' + piece.text + '}';
      continue;
    }
    for (const char c : piece.text) text.append(c == '{' || c == '}' ? 2 : 1, c);
  }
  return text;
}

/// With the name of each column as its value.
std::string rendered(const std::vector<Piece>& pieces) {
  std::vector<core::Template::Piece> parts;
  std::vector<core::Value> attributes;
  for (const auto& piece : pieces) {
    if (piece.kind == Piece::Kind::literal) {
      parts.emplace_back(piece.text);
    } else {
      parts.emplace_back(attributes.size());
      attributes.emplace_back(piece.text);
    }
  }
  std::string text;
  require(core::Template(std::move(parts)).render(attributes, text), "without NULL there is a text");
  return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto parsed = config::parse_template(text);
  const auto* found = std::get_if<config::Template>(&parsed);
  if (found == nullptr) return 0;
  const auto again = config::parse_template(written(found->pieces));
  const auto* read = std::get_if<config::Template>(&again);
  require(read != nullptr && read->pieces == found->pieces, "written down again, it is the same");
  std::string joined;
  for (const auto& piece : found->pieces) joined += piece.text;
  require(rendered(found->pieces) == joined, "a row's text is that of the pieces in their order");
  require(joined.starts_with(found->literal_prefix()), "a row's text begins with the literal prefix");
  const bool is_name = core::is_topic_name(joined);
  require(!is_name || joined.find_first_of("{}/ ") == std::string::npos,
          "a topic's name has no such letters");
  return 0;
}
