#include "page/html.h"

#include <cstddef>

#include "core/utf8.h"

namespace outbox_relay::page {

namespace {

/// A server's message may be long; what matters stands at its beginning.
constexpr std::size_t max_text_bytes = 2000;

/// Where to cut: not within a character.
std::size_t cut_at(std::string_view text) {
  auto at = max_text_bytes;
  while (at > max_text_bytes - 4 && (static_cast<unsigned char>(text[at]) & 0xC0U) == 0x80U) --at;
  return at;
}

}  // namespace

std::string to_html(std::string_view text) {
  const bool is_cut = text.size() > max_text_bytes;
  std::string html;
  for (const char character :
       core::replace_controls(is_cut ? text.substr(0, cut_at(text)) : text, "\uFFFD")) {
    switch (character) {
      case '&':
        html += "&amp;";
        break;
      case '<':
        html += "&lt;";
        break;
      case '>':
        html += "&gt;";
        break;
      case '"':
        html += "&quot;";
        break;
      case '\'':
        html += "&#39;";
        break;
      default:
        html += character;
    }
  }
  return is_cut ? html + "…" : html;
}

std::string to_html_with_code(std::string_view text) {
  std::string html = to_html(text);
  for (auto begin = html.find('`'); begin != std::string::npos; begin = html.find('`', begin)) {
    const auto end = html.find('`', begin + 1);
    if (end == std::string::npos) break;
    html.replace(end, 1, "</code>").replace(begin, 1, "<code>");
  }
  return html;
}

}  // namespace outbox_relay::page
