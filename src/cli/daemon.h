#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <exception>
#include <memory>
#include <optional>
#include <vector>

#include "cli/replays.h"
#include "cli/watchdog.h"
#include "config/config.h"
#include "http/server.h"
#include "relay/worker.h"
#include "telemetry/systemd_notifier.h"
#include "telemetry/telemetry.h"

namespace outbox_relay::cli {

/// The running process: one worker thread an outbox, and on the main thread signals, HTTP and supervision.
///
/// It does not end because a server is away. It ends by SIGTERM or SIGINT: the first drains within
/// `drain_timeout`, a second leaves at once. As a service of systemd it says when it has started, that it
/// stops, and that it lives. Lives on the main thread.
class Daemon {
 public:
  /// Begins to listen. Throws `http::ListenError`. The configuration and the log outlive it.
  Daemon(const config::Config& config, telemetry::Log& log, const telemetry::SystemdSettings& systemd);
  ~Daemon();

  /// Starts the workers and stays until their end. Returns the exit code of the process, or exits with it
  /// when a thread is stuck: `done` when all that was in flight was settled.
  ///
  /// A bug, of a pipeline or here, ends the process at once: to unwind would mean to wait for the other
  /// pipelines, which go on.
  int run() noexcept;

 private:
  struct Ended {
    bool is_settled = false;
    std::exception_ptr bug;
  };

  [[nodiscard]] http::Routes routes();
  void start_workers();
  void await_signal();
  void signalled(int signal);
  void drain();
  void tell_systemd(const std::string& message);
  [[noreturn]] void leave_at_once(const std::string& why);
  void worker_ended(const std::string& outbox, telemetry::OutboxTelemetry& outbox_telemetry,
                    const Ended& ended);
  void worker_gone();
  void leave_when_all_are_gone();

  const config::Config& config_;
  telemetry::Log& log_;
  telemetry::Telemetry telemetry_;
  const telemetry::SystemdNotifier systemd_;
  boost::asio::io_context io_{1};
  boost::asio::signal_set signals_{io_};
  boost::asio::steady_timer drain_timer_{io_};
  std::optional<Watchdog> watchdog_;
  std::optional<http::Server> server_;
  std::vector<std::unique_ptr<relay::Worker>> workers_;
  Replays replays_;
  std::size_t running_ = 0;  ///< workers whose pipeline has not ended
  std::size_t present_ = 0;  ///< workers whose assembly is not gone
  bool is_draining_ = false;
  int exit_code_ = 0;  ///< of exit_code.h
};

}  // namespace outbox_relay::cli
