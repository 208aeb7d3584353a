#include "statistics.h"

#include <algorithm>
#include <cassert>

namespace outbox_relay::bench {

Spread spread_of(std::vector<double> values) {
  assert(!values.empty());
  std::ranges::sort(values);
  const auto middle = values.size() / 2;
  const double median = values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
  return {median, values.front(), values.back()};
}

}  // namespace outbox_relay::bench
