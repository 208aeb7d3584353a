#pragma once

#include <span>
#include <utility>
#include <vector>

namespace prometheus {
class Histogram;
}

namespace outbox_relay::telemetry {

/// A histogram that takes many observations under one lock, for values that come a page at a time.
/// Thread-safe.
class BatchHistogram {
 public:
  /// `histogram` was made with `bounds`, ascending, and outlives this.
  BatchHistogram(prometheus::Histogram& histogram, std::vector<double> bounds)
      : histogram_(&histogram), bounds_(std::move(bounds)) {}

  /// NaN is left out; a negative value (a clock that stepped back, a `created_at` in the future) counts as 0,
  /// because a histogram's sum must never fall.
  void observe(std::span<const double> values) const;
  void observe(double value) const { observe(std::span(&value, 1)); }

 private:
  prometheus::Histogram* histogram_;
  std::vector<double> bounds_;
};

}  // namespace outbox_relay::telemetry
