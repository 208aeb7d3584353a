#include "telemetry/batch_histogram.h"

#include <prometheus/histogram.h>

#include <algorithm>
#include <cmath>
#include <cstddef>

namespace outbox_relay::telemetry {

void BatchHistogram::observe(std::span<const double> values) const {
  std::vector<double> increments(bounds_.size() + 1);  // the last bucket is the one without a bound
  double sum = 0;
  for (const double value : values) {
    if (std::isnan(value)) continue;
    const double observed = std::max(value, 0.0);
    const auto bucket = std::ranges::lower_bound(bounds_, observed) - bounds_.begin();
    increments[static_cast<std::size_t>(bucket)] += 1;
    sum += observed;
  }
  histogram_->ObserveMultiple(increments, sum);
}

}  // namespace outbox_relay::telemetry
