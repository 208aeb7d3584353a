#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>

#include "telemetry/health.h"
#include "telemetry/log.h"
#include "telemetry/systemd_notifier.h"

namespace outbox_relay::cli {

/// Keeps systemd's watchdog quiet while the process is alive in the sense of `/livez`, and only then: when
/// the loop of a pipeline does not turn any more, or the main loop, which this lives on, systemd restarts the
/// service. PostgreSQL and Kafka play no part; a restart does not mend them.
class Watchdog {
 public:
  using Liveness = std::function<telemetry::HealthReport()>;

  /// `timeout`: the silence that systemd tolerates. What is referred to outlives this.
  Watchdog(boost::asio::io_context& io, const telemetry::SystemdNotifier& systemd, telemetry::Log& log,
           telemetry::Duration timeout, Liveness liveness);

  /// Tells systemd at once and then three times within its timeout, so that a message may get lost.
  void start();
  /// Leaves nothing to do in the loop.
  void stop();

 private:
  void look();

  const telemetry::SystemdNotifier& systemd_;
  telemetry::Log& log_;
  const telemetry::Duration interval_;
  const Liveness liveness_;
  boost::asio::steady_timer timer_;
  bool was_alive_ = true;
};

}  // namespace outbox_relay::cli
