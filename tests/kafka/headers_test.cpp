#include "kafka/headers.h"

#include <string>
#include <vector>

#include "support/catch.h"

using outbox_relay::core::Value;
using outbox_relay::kafka::HeadersReader;

namespace {

struct Header {
  std::string name;
  std::optional<std::string> value;

  bool operator==(const Header&) const = default;
};

using Headers = std::vector<Header>;

std::optional<Headers> read_with(HeadersReader& reader, std::string_view json) {
  const auto headers = reader.read(json);
  if (!headers) return std::nullopt;
  Headers copy;
  for (const auto& [name, value] : *headers) {
    copy.push_back({std::string{name}, value ? std::optional{std::string{*value}} : std::nullopt});
  }
  return copy;
}

std::optional<Headers> read(std::string_view json) {
  HeadersReader reader;
  return read_with(reader, json);
}

}  // namespace

TEST_CASE("a string becomes a header as it is", "[headers]") {
  CHECK(read(R"({"a": "one", "b": "", "": "nameless"})") ==
        Headers{{"a", "one"}, {"b", ""}, {"", "nameless"}});
  CHECK(read(R"({"a\"\\\/\n": "\u00e9\ud83d\ude00\u0000"})") ==
        Headers{{"a\"\\/\n", std::string{"\xc3\xa9\xf0\x9f\x98\x80\0", 7}}});
}

TEST_CASE("null is a null header, which is not an empty one", "[headers]") {
  CHECK(read(R"({"a": null, "b": ""})") == Headers{{"a", std::nullopt}, {"b", ""}});
}

TEST_CASE("another scalar becomes its JSON text", "[headers]") {
  CHECK(read(R"({"a": 1, "b": -2.50, "c": 1e3, "d": true, "e": false, "f": 12345678901234567890123})") ==
        Headers{{"a", "1"},
                {"b", "-2.50"},
                {"c", "1e3"},
                {"d", "true"},
                {"e", "false"},
                {"f", "12345678901234567890123"}});
}

TEST_CASE("a nested value becomes its JSON text, spaced like jsonb", "[headers]") {
  CHECK(read(R"({"a":{"x":[1,"two",null,true,{}],"y":"\"\\\n\u0001é"},"b":[],"c":[[],[{}],0.10]})") ==
        Headers{{"a", R"({"x": [1, "two", null, true, {}], "y": "\"\\\n\u0001é"})"},
                {"b", "[]"},
                {"c", "[[], [{}], 0.10]"}});
  const std::string jsonb = R"({"k": {"a": [1, {"b": "c"}, ["\t"]], "d": null}})";
  CHECK(read(jsonb) == Headers{{"k", jsonb.substr(6, jsonb.size() - 7)}});
}

TEST_CASE("duplicates keep their order", "[headers]") {
  CHECK(read(R"({"a": "1", "b": "2", "a": "3"})") == Headers{{"a", "1"}, {"b", "2"}, {"a", "3"}});
}

TEST_CASE("an empty object has no headers", "[headers]") {
  CHECK(read(" { } ") == Headers{});
}

TEST_CASE("anything but a JSON object is refused", "[headers]") {
  const auto* json =
      GENERATE("", " ", "null", "true", "1", "-1.5", "\"text\"", "[]", R"([{"a": "b"}])", "{", R"({"a": "b")",
               R"({"a" "b"})", R"({"a": "b"} {})", R"({"a": "b"}x)", R"({"a": b})", R"({'a': 'b'})",
               R"({"a": 1,})", "{\"a\": \"\xff\"}", R"({"a": "\ud800"})");
  CAPTURE(json);
  CHECK_FALSE(read(json));
}

TEST_CASE("nesting is bounded", "[headers]") {
  const auto nested = [](int depth) {
    return R"({"a": )" + std::string(static_cast<std::size_t>(depth), '[') +
           std::string(static_cast<std::size_t>(depth), ']') + "}";
  };
  CHECK(read(nested(HeadersReader::max_depth - 1)));
  CHECK_FALSE(read(nested(HeadersReader::max_depth)));
  CHECK_FALSE(read(R"({"a": )" + std::string(1'000'000, '[')));
}

TEST_CASE("one reader reads row after row, whatever the last one was", "[headers]") {
  HeadersReader reader;
  CHECK(read_with(reader, R"({"a": [1, 2]})") == Headers{{"a", "[1, 2]"}});
  CHECK_FALSE(read_with(reader, R"({"a": [1, )"));
  CHECK_FALSE(read_with(reader, R"({"a": "half)"));
  CHECK(read_with(reader, R"({"b": "c"})") == Headers{{"b", "c"}});
  const std::string large(100'000, 'x');
  CHECK(read_with(reader, R"({"large": ")" + large + R"("})") == Headers{{"large", large}});
  CHECK(read_with(reader, "{}") == Headers{});
}
