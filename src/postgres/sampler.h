#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <limits>
#include <memory>

#include "core/failure.h"
#include "postgres/sample.h"
#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// Measures an outbox's table at regular intervals, on a thread and a connection of its own, so that nothing
/// here can slow the relay down: the data path never waits for a measurement.
///
/// Whatever goes wrong ends the connection (libpqxx 6.4 would silently open another); the next measurement
/// makes a new one. The destructor interrupts a statement that is under way; it may wait for a connection
/// that is being made, at most for its connect_timeout for each host.
class Sampler {
 public:
  /// Called on the sampler's thread.
  struct Events {
    std::function<void(const Sample&)> sampled;  ///< after each measurement, also an incomplete one
    std::function<void(const core::Failure&)> failed;
    std::function<void()> connection_opened;
    std::function<void(std::chrono::steady_clock::duration)> measured;  ///< how long a complete one took
  };
  /// What the pipeline knows, and may change at any time.
  struct Outlook {
    /// Nothing is pending at or below it.
    std::atomic<std::int64_t> watermark = std::numeric_limits<std::int64_t>::min();
    /// Another relay works on the outbox: the backlog is not this one's to count.
    std::atomic<bool> is_standby = false;
  };

  /// `outlook` outlives the sampler.
  Sampler(Settings settings, std::chrono::milliseconds interval, const Outlook& outlook, Events events);
  ~Sampler();

  /// Ends a measurement that has had no answer for too long: a server that is frozen still acknowledges what
  /// it is sent, so nothing else would. To be called now and then, by any thread.
  void end_stuck();

 private:
  class Thread;

  std::unique_ptr<Thread> thread_;
};

}  // namespace outbox_relay::postgres
