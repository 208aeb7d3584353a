#include "config/template.h"

#include <algorithm>

#include "config/table_name.h"

namespace outbox_relay::config {

bool Template::is_constant() const {
  return std::ranges::none_of(pieces, [](const Piece& piece) { return piece.kind == Piece::Kind::column; });
}

std::string_view Template::literal_prefix() const {
  if (pieces.empty() || pieces.front().kind != Piece::Kind::literal) return {};
  return pieces.front().text;
}

Parsed<Template> parse_template(std::string_view text) {
  const std::string hint = "a column is written `{column}`, a brace `{{` or `}}`";
  Template result{std::string(text), {}};
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) result.pieces.push_back({Template::Piece::Kind::literal, std::move(literal)});
    literal.clear();
  };
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool doubled = i + 1 < text.size() && text[i + 1] == c;
    if (c != '{' && c != '}') {
      literal += c;
    } else if (doubled) {
      literal += c;
      ++i;
    } else if (c == '}') {
      return Wrong{"has a `}` without `{`", hint};
    } else {
      const std::size_t end = text.find('}', i);
      if (end == std::string_view::npos) return Wrong{"has a `{` without `}`", hint};
      const std::string_view column = text.substr(i + 1, end - i - 1);
      if (!is_identifier(column) || column.find('{') != std::string_view::npos) {
        return Wrong{"has something between braces that cannot be a column's name", hint};
      }
      end_literal();
      result.pieces.push_back({Template::Piece::Kind::column, std::string(column)});
      i = end;
    }
  }
  end_literal();
  return result;
}

}  // namespace outbox_relay::config
