#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>

#include "cli/outbox_settings.h"
#include "relay/worker.h"
#include "telemetry/log.h"
#include "telemetry/outbox_telemetry.h"

namespace outbox_relay::cli {

/// One outbox at work, with settings that never change: a thread for its pipeline, and one for the replay
/// that somebody has requested, so that nothing a replay does keeps the pipeline waiting.
///
/// Lives on the main thread, the context's, which calls the events as well.
class RunningOutbox {
 public:
  struct Events {
    /// The pipeline is over. `settled`: nothing was left in flight. `bug`: what it ended by, if not by
    /// `stop`; a `core::FailureError` when it could not be made.
    std::function<void(bool settled, std::exception_ptr bug)> ended;
    /// No thread of it is left: it may be destroyed, and not before. The last event.
    std::function<void()> gone;
  };

  /// Starts. What is referred to outlives this.
  RunningOutbox(boost::asio::io_context& io, OutboxSettings settings, telemetry::OutboxTelemetry& telemetry,
                telemetry::Log& log, Events events);

  [[nodiscard]] const OutboxSettings& settings() const { return settings_; }
  [[nodiscard]] bool is_stopping() const { return is_stopping_; }
  /// Ends in order: what is in flight is settled. What is left of a replay is done by the next one who
  /// begins.
  void stop();
  /// The same, but what is not settled in time is given up, for the next start to publish again.
  void stop_within(std::chrono::milliseconds timeout);

 private:
  void start_pipeline();
  void begin_replay(std::int64_t request);
  void replay_ended(const std::exception_ptr& failure);
  void leave(std::unique_ptr<relay::Worker>& worker);

  boost::asio::io_context& io_;
  const OutboxSettings settings_;
  telemetry::OutboxTelemetry& telemetry_;
  telemetry::Log& log_;
  const Events events_;
  boost::asio::steady_timer patience_;
  std::shared_ptr<const bool> alive_ = std::make_shared<bool>(true);  ///< the timer's handler holds it weakly
  bool is_stopping_ = false;
  std::unique_ptr<relay::Worker> pipeline_;
  std::unique_ptr<relay::Worker> replay_;  ///< while one is under way
};

}  // namespace outbox_relay::cli
