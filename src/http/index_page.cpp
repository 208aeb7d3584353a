#include "http/index_page.h"

namespace outbox_relay::http {

namespace {

std::string escaped(std::string_view text) {
  std::string result;
  for (const char character : text) {
    switch (character) {
      case '&':
        result += "&amp;";
        break;
      case '<':
        result += "&lt;";
        break;
      case '>':
        result += "&gt;";
        break;
      case '"':
        result += "&quot;";
        break;
      default:
        result += character;
    }
  }
  return result;
}

}  // namespace

Response index_page(std::string_view title, std::span<const Link> links) {
  const auto heading = escaped(title);
  std::string html = "<!doctype html>\n<html lang=\"en\">\n";
  html.append("<title>").append(heading).append("</title>\n<h1>").append(heading).append("</h1>\n<ul>\n");
  for (const auto& link : links) {
    const auto path = escaped(link.path);
    html.append("<li><a href=\"").append(path).append("\">").append(path).append("</a> ");
    html.append(escaped(link.text)).append("</li>\n");
  }
  html += "</ul>\n</html>\n";
  return {.content_type = "text/html; charset=utf-8", .body = std::move(html)};
}

}  // namespace outbox_relay::http
