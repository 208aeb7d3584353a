#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

#include "core/failure.h"
#include "postgres/outlook.h"
#include "postgres/sample.h"
#include "postgres/settings.h"
#include "postgres/side_thread.h"

namespace outbox_relay::postgres {

/// Measures an outbox's table at regular intervals, on a thread and a connection of its own, so that nothing
/// here can slow the relay down: the data path never waits for a measurement. Looks for replays that somebody
/// has requested, too.
class Sampler {
 public:
  /// Called on the sampler's thread.
  struct Events {
    std::function<void(const Sample&)> sampled;  ///< after each measurement, also an incomplete one
    std::function<void(const core::Failure&)> failed;
    std::function<void()> connection_opened;
    std::function<void(std::chrono::steady_clock::duration)> measured;  ///< how long a complete one took
    /// A request in the control schema that no relay works on (`replay_table.h`); while this one leads.
    std::function<void(std::int64_t request)> replay_requested;
  };

  /// `outlook` outlives the sampler. Of the destructor, see `SideThread`.
  Sampler(const Settings& settings, std::chrono::milliseconds interval, const Outlook& outlook,
          Events events);

  /// See `SideThread`.
  void end_stuck() { thread_.end_stuck(); }

 private:
  class Task;

  SideThread thread_;
};

}  // namespace outbox_relay::postgres
