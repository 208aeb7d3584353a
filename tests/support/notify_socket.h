#pragma once

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace outbox_relay::testing {

/// The receiving end of sd_notify(3): what systemd would hear from a service.
class NotifySocket {
 public:
  enum class Kind { path, abstract };

  explicit NotifySocket(Kind kind = Kind::path)
      : fd_(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    static std::atomic<int> count = 0;
    const std::string unique =
        "outbox-relay-notify-" + std::to_string(getpid()) + '-' + std::to_string(++count);
    name_ = kind == Kind::path ? (std::filesystem::temp_directory_path() / unique).string() : '@' + unique;
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (name_.size() >= sizeof(address.sun_path)) throw std::runtime_error(name_ + " is too long");
    std::memcpy(address.sun_path, name_.data(), name_.size());
    if (kind == Kind::abstract) address.sun_path[0] = '\0';
    const auto size = offsetof(sockaddr_un, sun_path) + name_.size() + (kind == Kind::path ? 1 : 0);
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), static_cast<socklen_t>(size)) != 0) {
      throw std::runtime_error(name_ + " cannot be bound");
    }
  }
  ~NotifySocket() {
    close(fd_);
    if (name_.front() != '@') std::filesystem::remove(name_);
  }
  NotifySocket(const NotifySocket&) = delete;
  NotifySocket& operator=(const NotifySocket&) = delete;

  /// The value of $NOTIFY_SOCKET.
  [[nodiscard]] const std::string& name() const { return name_; }

  /// All messages so far, in their order.
  [[nodiscard]] const std::vector<std::string>& messages() {
    std::string buffer(4096, '\0');
    for (ssize_t size = 0; (size = recv(fd_, buffer.data(), buffer.size(), 0)) >= 0;) {
      messages_.emplace_back(buffer, 0, static_cast<std::size_t>(size));
    }
    return messages_;
  }

 private:
  int fd_;
  std::string name_;
  std::vector<std::string> messages_;
};

}  // namespace outbox_relay::testing
