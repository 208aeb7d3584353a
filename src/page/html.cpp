#include "page/html.h"

#include <cstddef>

#include "core/utf8.h"

namespace outbox_relay::page {

namespace {

/// A server's message may be long; what matters stands at its beginning.
constexpr std::size_t max_text_bytes = 2000;

}  // namespace

std::string to_html(std::string_view text) {
  std::string html;
  for (const char character : core::replace_controls(core::beginning_of(text, max_text_bytes), "\uFFFD")) {
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
  return text.size() > max_text_bytes ? html + "…" : html;
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
