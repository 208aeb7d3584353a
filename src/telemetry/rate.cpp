#include "telemetry/rate.h"

#include <chrono>
#include <limits>

namespace outbox_relay::telemetry {

namespace {

/// Short enough to show what goes on now, long enough to even out the pages.
constexpr std::chrono::seconds window{10};
constexpr std::chrono::seconds shortest{1};

}  // namespace

void Rate::sample(TimePoint now, double total) {
  const std::lock_guard lock(mutex_);
  samples_.push_back({now, total});
  while (samples_.size() > 1 && now - samples_[1].time >= window) samples_.pop_front();
}

double Rate::per_second(TimePoint now, double total) const {
  const std::lock_guard lock(mutex_);
  if (samples_.empty() || now - samples_.front().time < shortest)
    return std::numeric_limits<double>::quiet_NaN();
  const auto& oldest = samples_.front();
  return (total - oldest.total) / std::chrono::duration<double>(now - oldest.time).count();
}

}  // namespace outbox_relay::telemetry
