#pragma once

#include <deque>
#include <mutex>

#include "telemetry/time.h"

namespace outbox_relay::telemetry {

/// How fast a counter grew over the last seconds, for people who look at it once and not at two scrapes.
/// Thread-safe.
class Rate {
 public:
  /// What the counter stood at; to be called each second or so.
  void sample(TimePoint now, double total);
  /// Growth a second from the oldest sample that is kept up to now, when the counter stands at `total`. NaN
  /// before there is a second to judge by.
  [[nodiscard]] double per_second(TimePoint now, double total) const;

 private:
  struct Sample {
    TimePoint time;
    double total = 0;
  };

  mutable std::mutex mutex_;
  std::deque<Sample> samples_;  ///< the oldest first; of the last `window`, and one older
};

}  // namespace outbox_relay::telemetry
