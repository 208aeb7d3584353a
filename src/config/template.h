#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "config/parsed.h"

namespace outbox_relay::config {

/// A text with columns in it, such as `orders.{aggregatetype}`, in its pieces. `{{` and `}}` stand for
/// braces.
struct Template {
  struct Piece {
    enum class Kind : std::uint8_t { literal, column };
    Kind kind = Kind::literal;
    std::string text;  ///< the literal itself, or the column's name as the catalog knows it

    friend bool operator==(const Piece&, const Piece&) = default;
  };

  std::string written;  ///< as it stands in the file
  std::vector<Piece> pieces;

  [[nodiscard]] bool is_constant() const;
  /// The literal text before the first column.
  [[nodiscard]] std::string_view literal_prefix() const;

  friend bool operator==(const Template&, const Template&) = default;
};

[[nodiscard]] Parsed<Template> parse_template(std::string_view text);

}  // namespace outbox_relay::config
