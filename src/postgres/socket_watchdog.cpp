#include "postgres/socket_watchdog.h"

#include <sys/socket.h>

namespace outbox_relay::postgres {

SocketWatchdog::SocketWatchdog() : thread_([this](const std::stop_token& stop) { run(stop); }) {}

void SocketWatchdog::arm(int socket, std::chrono::milliseconds within) {
  const std::lock_guard lock{mutex_};
  watched_ = Watched{socket, Clock::now() + within};
  has_bitten_ = false;
  changed_.notify_all();
}

void SocketWatchdog::disarm() {
  const std::lock_guard lock{mutex_};
  watched_.reset();
}

bool SocketWatchdog::has_bitten() {
  const std::lock_guard lock{mutex_};
  return has_bitten_;
}

void SocketWatchdog::run(const std::stop_token& stop) {
  std::unique_lock lock{mutex_};
  while (!stop.stop_requested()) {
    if (!watched_) {
      changed_.wait(lock, stop, [this] { return watched_.has_value(); });
      continue;
    }
    const auto until = watched_->until;
    const auto is_another = [this, until] { return !watched_ || watched_->until != until; };
    const bool is_moot = changed_.wait_until(lock, stop, until, is_another);
    if (is_moot || stop.stop_requested()) continue;
    ::shutdown(watched_->socket, SHUT_RDWR);
    watched_.reset();
    has_bitten_ = true;
  }
}

}  // namespace outbox_relay::postgres
