#include "http/address.h"

#include <boost/asio/ip/address.hpp>
#include <charconv>
#include <optional>
#include <system_error>

namespace outbox_relay::http {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), port);
  if (text.empty() || parsed.ec != std::errc{} || parsed.ptr != text.data() + text.size())
    return std::nullopt;
  return port;
}

}  // namespace

std::string ListenAddress::to_string() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  return (is_v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

ListenAddress parse_listen_address(std::string_view text) {
  const ListenError refused("cannot listen on '" + std::string(text) + "': not an address and a port",
                            "write http.listen as 127.0.0.1:8980, 0.0.0.0:8980 or [::]:8980");
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) throw refused;
  auto host = text.substr(0, colon);
  const bool is_bracketed = host.size() >= 2 && host.front() == '[' && host.back() == ']';
  if (is_bracketed) host = host.substr(1, host.size() - 2);

  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(host, error);
  const auto port = parse_port(text.substr(colon + 1));
  if (error || !port || address.is_v6() != is_bracketed) throw refused;
  return {.host = std::string(host), .port = *port};
}

}  // namespace outbox_relay::http
