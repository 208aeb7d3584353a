#pragma once

#include <vector>

namespace outbox_relay::bench {

struct Spread {
  double median = 0;
  double least = 0;
  double most = 0;
};

/// Of at least one value.
[[nodiscard]] Spread spread_of(std::vector<double> values);

}  // namespace outbox_relay::bench
