#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <optional>
#include <string>

#include "cli/outboxes.h"
#include "cli/watchdog.h"
#include "config/config.h"
#include "core/failure.h"
#include "http/server.h"
#include "telemetry/systemd_notifier.h"
#include "telemetry/telemetry.h"

namespace outbox_relay::cli {

/// The running process: its outboxes on threads of their own, and on the main thread signals, HTTP and
/// supervision.
///
/// It does not end because a server is away. It ends by SIGTERM or SIGINT: the first drains within
/// `drain_timeout`, a second leaves at once. SIGHUP has it read its configuration again. As a service of
/// systemd it says when it has started, that it reloads and stops, and that it lives. Lives on the main
/// thread.
class Daemon {
 public:
  /// Begins to listen. Throws `http::ListenError`. `config` was read from `config_file`; the log outlives
  /// this.
  Daemon(std::string config_file, config::Config config, telemetry::Log& log,
         const telemetry::SystemdSettings& systemd);
  ~Daemon();

  /// Starts the outboxes and stays until their end. Returns the exit code of the process, or exits with it
  /// when a thread is stuck: `done` when all that was in flight was settled.
  ///
  /// A bug, of a pipeline or here, ends the process at once: to unwind would mean to wait for the other
  /// pipelines, which go on.
  int run() noexcept;

 private:
  [[nodiscard]] http::Routes routes();
  void await_signal();
  void signalled(int signal);
  void reload();
  void apply(const config::Config& next);
  void outbox_failed(const core::Failure& failure);
  void drain();
  void tell_systemd(const std::string& message);
  [[nodiscard]] int exit_code() const;
  [[noreturn]] void leave_at_once(const std::string& why);
  void leave();

  const std::string config_file_;
  config::Config config_;  ///< in force
  telemetry::Log& log_;
  telemetry::Telemetry telemetry_;
  const telemetry::SystemdNotifier systemd_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer drain_timer_{io_};
  std::optional<Watchdog> watchdog_;
  std::optional<http::Server> server_;
  Outboxes outboxes_;
  bool is_draining_ = false;
  bool has_left_ = false;           ///< the outboxes are gone, nothing is waited for
  std::optional<int> failed_with_;  ///< an exit code: why it drains, if not by a signal
};

}  // namespace outbox_relay::cli
