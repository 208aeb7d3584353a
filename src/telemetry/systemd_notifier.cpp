#include "telemetry/systemd_notifier.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <system_error>
#include <utility>

namespace outbox_relay::telemetry {

namespace {

/// To be heard more often than asked harms nobody; a huge number would not fit our clock.
constexpr std::chrono::microseconds longest_watchdog_timeout = std::chrono::hours{24};

template <typename Number>
std::optional<Number> to_number(std::string_view text) {
  Number number{};
  const auto end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{} || stopped_at != end) return std::nullopt;
  return number;
}

std::string_view text_of(const char* value) {
  return value != nullptr ? std::string_view(value) : std::string_view();
}

std::string reason(int error) {
  return std::generic_category().message(error);
}

struct Address {
  sockaddr_un name{};
  socklen_t size = 0;
};

/// Nothing for a name that is no path and not abstract, or too long for the kernel.
std::optional<Address> socket_address(std::string_view socket) {
  const bool is_abstract = socket.starts_with('@');
  if (!is_abstract && !socket.starts_with('/')) return std::nullopt;
  Address address;
  address.name.sun_family = AF_UNIX;
  if (socket.size() >= sizeof(address.name.sun_path)) return std::nullopt;
  std::copy(socket.begin(), socket.end(), address.name.sun_path);
  if (is_abstract) address.name.sun_path[0] = '\0';
  // An abstract name ends with its size, a path with a zero byte (unix(7)).
  address.size =
      static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket.size() + (is_abstract ? 0 : 1));
  return address;
}

}  // namespace

SystemdSettings read_systemd_settings(const std::function<const char*(const char*)>& variable,
                                      pid_t process) {
  SystemdSettings settings{.socket = std::string(text_of(variable("NOTIFY_SOCKET"))),
                           .watchdog_timeout = std::nullopt};
  const auto microseconds = to_number<std::int64_t>(text_of(variable("WATCHDOG_USEC")));
  const char* const meant = variable("WATCHDOG_PID");
  const bool is_meant = meant == nullptr || to_number<pid_t>(meant) == process;
  if (!settings.socket.empty() && microseconds && *microseconds > 0 && is_meant) {
    settings.watchdog_timeout = std::min(std::chrono::microseconds{*microseconds}, longest_watchdog_timeout);
  }
  return settings;
}

SystemdNotifier::SystemdNotifier(std::string socket)
    : socket_(std::move(socket)),
      fd_(socket_.empty() ? -1 : ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {}

SystemdNotifier::~SystemdNotifier() {
  if (fd_ >= 0) close(fd_);
}

std::optional<std::string> SystemdNotifier::notify(std::string_view message) const {
  if (!is_wanted()) return std::nullopt;
  const auto address = socket_address(socket_);
  if (!address) return "`" + socket_ + "` is no socket of the file system and no abstract one";
  const auto sent = ::sendto(fd_, message.data(), message.size(), MSG_NOSIGNAL,
                             reinterpret_cast<const sockaddr*>(&address->name), address->size);
  if (sent < 0) return socket_ + ": " + reason(errno);
  return std::nullopt;
}

}  // namespace outbox_relay::telemetry
