#include "config/template.h"

#include "support/catch.h"

using namespace outbox_relay::config;

namespace {

using Piece = Template::Piece;

std::vector<Piece> pieces(std::string_view text) {
  return std::get<Template>(parse_template(text)).pieces;
}

Piece literal(std::string text) {
  return {Piece::Kind::literal, std::move(text)};
}
Piece column(std::string name) {
  return {Piece::Kind::column, std::move(name)};
}

}  // namespace

TEST_CASE("a template falls into literals and columns", "[config]") {
  CHECK(pieces("") == std::vector<Piece>{});
  CHECK(pieces("orders") == std::vector{literal("orders")});
  CHECK(pieces("{type}") == std::vector{column("type")});
  CHECK(pieces("a.{b}.{c}d") ==
        std::vector{literal("a."), column("b"), literal("."), column("c"), literal("d")});
  CHECK(pieces("{Weird Column}") == std::vector{column("Weird Column")});
}

TEST_CASE("a doubled brace is a brace", "[config]") {
  CHECK(pieces("{{a}}") == std::vector{literal("{a}")});
  CHECK(pieces("{{{a}}}") == std::vector{literal("{"), column("a"), literal("}")});
}

TEST_CASE("a template knows what it begins with, and whether it is a constant", "[config]") {
  const auto constant = std::get<Template>(parse_template("orders"));
  CHECK(constant.is_constant());
  CHECK(constant.literal_prefix() == "orders");
  const auto with_prefix = std::get<Template>(parse_template("orders.{type}"));
  CHECK_FALSE(with_prefix.is_constant());
  CHECK(with_prefix.literal_prefix() == "orders.");
  CHECK(std::get<Template>(parse_template("{type}.orders")).literal_prefix() == "");
}
