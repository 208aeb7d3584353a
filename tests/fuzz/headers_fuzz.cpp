// The headers column: texts that anybody with INSERT may write, against Boost's own reader.
#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "kafka/headers.h"
#include "require.h"

using namespace outbox_relay;
using fuzzing::require;
namespace json = boost::json;

namespace {

json::value parse(std::string_view text, boost::system::error_code& error) {
  json::parse_options options;
  options.max_depth = kafka::HeadersReader::max_depth;
  return json::parse(json::string_view(text.data(), text.size()), error, {}, options);
}

/// Boost 1.81 reads a number to the last bit but one, depending on what follows it, and takes 0e400 for NaN.
bool is_same_number(double a, double b) {
  if (!std::isfinite(a) || !std::isfinite(b)) return std::isfinite(a) == std::isfinite(b);
  return std::abs(a - b) <= 1e-14 * std::max(std::abs(a), std::abs(b));
}

bool is_same(const json::value& a, const json::value& b) {
  if (a.is_number() && b.is_number()) return is_same_number(a.to_number<double>(), b.to_number<double>());
  if (a.is_array() && b.is_array()) return std::ranges::equal(a.get_array(), b.get_array(), is_same);
  if (a.is_object() && b.is_object()) {
    return std::ranges::equal(a.get_object(), b.get_object(), [](const auto& one, const auto& other) {
      return one.key() == other.key() && is_same(one.value(), other.value());
    });
  }
  return a == b;
}

/// Whether a header says what the member does; a number as it was `written`.
bool says(const core::Value& header, const json::value& member, std::string_view written) {
  if (member.is_null() || !header) return member.is_null() && !header;
  if (const auto* text = member.if_string()) return std::string_view(text->data(), text->size()) == *header;
  if (member.is_number() && written.find(*header) == std::string_view::npos) return false;
  boost::system::error_code error;
  const json::value read = parse(*header, error);
  return !error && is_same(read, member);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static kafka::HeadersReader reader;  // as in the relay: one for many rows, whatever the last one was
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  boost::system::error_code error;
  const json::value value = parse(text, error);
  const auto headers = reader.read(text);
  require(headers.has_value() == (!error && value.is_object()), "an object is read, and nothing else");
  if (!headers) return 0;
  for (const auto& [key, member] : value.get_object()) {
    const std::string_view name(key.data(), key.size());
    // Of duplicates Boost keeps the last one.
    const auto last = std::find_if(headers->rbegin(), headers->rend(),
                                   [&](const auto& header) { return header.name == name; });
    require(last != headers->rend(), "each member becomes a header");
    require(says(last->value, member, text), "a header says what its member does");
  }
  for (const auto& header : *headers)
    require(value.get_object().contains({header.name.data(), header.name.size()}), "no header is invented");
  return 0;
}
