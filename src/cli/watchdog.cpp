#include "cli/watchdog.h"

#include <utility>

namespace outbox_relay::cli {

Watchdog::Watchdog(boost::asio::io_context& io, const telemetry::SystemdNotifier& systemd,
                   telemetry::Log& log, telemetry::Duration timeout, Liveness liveness)
    : systemd_(systemd), log_(log), interval_(timeout / 3), liveness_(std::move(liveness)), timer_(io) {}

void Watchdog::start() {
  look();
}

void Watchdog::stop() {
  timer_.cancel();
}

void Watchdog::look() {
  const auto report = liveness_();
  if (report.is_good) {
    systemd_.notify("WATCHDOG=1");
  } else if (was_alive_) {
    // The last words before systemd's SIGABRT; without them nobody could tell why.
    log_.say<telemetry::Message::not_alive>(report.text);
  }
  was_alive_ = report.is_good;
  timer_.expires_after(interval_);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) look();
  });
}

}  // namespace outbox_relay::cli
