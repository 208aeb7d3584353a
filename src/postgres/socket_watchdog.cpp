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
    // Another deadline may have come when this one passes.
    const auto until = watched_->until;
    changed_.wait_until(lock, stop, until, [] { return false; });
    if (stop.stop_requested() || !watched_ || Clock::now() < watched_->until) continue;
    ::shutdown(watched_->socket, SHUT_RDWR);
    watched_.reset();
    has_bitten_ = true;
  }
}

}  // namespace outbox_relay::postgres
