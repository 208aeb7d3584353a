#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>
#include <utility>

namespace outbox_relay::http {

/// Where to listen: an IP address and a port.
struct ListenAddress {
  std::string host;        ///< IPv4 or IPv6, without brackets
  std::uint16_t port = 0;  ///< 0: any free one

  /// As written in the configuration: "127.0.0.1:8980", "[::1]:8980".
  [[nodiscard]] std::string to_string() const;
};

/// It is not possible to listen there.
class ListenError : public std::runtime_error {
 public:
  ListenError(const std::string& message, std::string hint)
      : std::runtime_error(message), hint_(std::move(hint)) {}
  [[nodiscard]] const std::string& hint() const { return hint_; }

 private:
  std::string hint_;
};

}  // namespace outbox_relay::http
