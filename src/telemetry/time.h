#pragma once

#include <chrono>
#include <functional>

namespace outbox_relay::telemetry {

using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;
using WallTime = std::chrono::system_clock::time_point;

/// Where this module reads the time; tests hand in their own. Callable from any thread.
struct Time {
  std::function<TimePoint()> now = std::chrono::steady_clock::now;
  std::function<WallTime()> wall = std::chrono::system_clock::now;
};

/// Seconds since the Unix epoch, as metrics have them.
[[nodiscard]] inline double to_timestamp(WallTime time) {
  return std::chrono::duration<double>(time.time_since_epoch()).count();
}

}  // namespace outbox_relay::telemetry
