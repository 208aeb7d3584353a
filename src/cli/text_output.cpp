#include "cli/text_output.h"

#include <algorithm>
#include <boost/json/string.hpp>

#include "core/utf8.h"

namespace outbox_relay::cli {

std::string printable(std::string_view text) {
  return core::replace_controls(text, "?");
}

std::string to_columns(std::span<const std::vector<std::string>> lines) {
  std::vector<std::size_t> widths;
  for (const auto& line : lines) {
    widths.resize(line.size());
    for (std::size_t at = 0; at < line.size(); ++at) widths[at] = std::max(widths[at], line[at].size());
  }
  std::string text;
  for (const auto& line : lines) {
    for (std::size_t at = 0; at + 1 < line.size(); ++at) {
      text += line[at];
      text.append(widths[at] - line[at].size() + 2, ' ');
    }
    text += line.back() + '\n';
  }
  return text;
}

std::string number_of(std::size_t count, const std::string& what) {
  return std::to_string(count) + ' ' + what + (count == 1 ? "" : "s");
}

std::string rows_of(std::size_t count) {
  return number_of(count, "row");
}

boost::json::value or_null(const std::optional<std::string>& text) {
  if (!text) return {};
  return boost::json::string(*text);
}

bool is_time(std::string_view text) {
  constexpr std::string_view date = "0000-00-00";
  if (text.size() < date.size()) return false;
  const auto fits = [](char c, char wanted) { return wanted == '0' ? c >= '0' && c <= '9' : c == wanted; };
  return std::equal(date.begin(), date.end(), text.begin(),
                    [&](char wanted, char c) { return fits(c, wanted); });
}

}  // namespace outbox_relay::cli
