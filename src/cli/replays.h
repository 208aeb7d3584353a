#pragma once

#include <boost/asio/io_context.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "config/config.h"
#include "relay/worker.h"
#include "telemetry/log.h"
#include "telemetry/outbox_telemetry.h"

namespace outbox_relay::cli {

/// The replays under way: a thread for each, one an outbox, so that nothing they do keeps the outbox's own
/// pipeline waiting. Lives on the main thread, the context's.
class Replays {
 public:
  /// `on_empty` is called when the last one is gone. All that is handed in outlives this.
  Replays(boost::asio::io_context& io, const config::Config& config, telemetry::Log& log,
          std::function<void()> on_empty);

  /// Somebody has requested a replay. Nothing when one of this outbox is under way: the request waits.
  void begin(const config::Outbox& outbox, std::int64_t request, telemetry::OutboxTelemetry& telemetry);
  /// Ends all of them in order; what is left of a request is done after the next start. None begins any more.
  void stop();
  [[nodiscard]] bool empty() const { return workers_.empty(); }

 private:
  void ended(const std::string& outbox, const std::exception_ptr& failure);
  void gone(const std::string& outbox);

  boost::asio::io_context& io_;
  const config::Config& config_;
  telemetry::Log& log_;
  std::function<void()> on_empty_;
  std::map<std::string, std::unique_ptr<relay::Worker>> workers_;  ///< by outbox
  bool is_stopping_ = false;
};

}  // namespace outbox_relay::cli
