#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace outbox_relay::cli {

/// The parts of `http://host:port/path`.
struct HttpUrl {
  std::string host;  ///< a name or an address, IPv6 without brackets
  std::string port;
  std::string path;
};

/// Nothing when the text is no such URL; https is not known here.
[[nodiscard]] std::optional<HttpUrl> parse_http_url(std::string_view text);

struct HttpAnswer {
  unsigned status = 0;
  std::string first_line;  ///< of the body
};

/// Asks once and waits for the answer, at most `timeout`. Returns it, or why there is none.
[[nodiscard]] std::variant<HttpAnswer, std::string> http_get(const HttpUrl& url,
                                                             std::chrono::milliseconds timeout);

}  // namespace outbox_relay::cli
