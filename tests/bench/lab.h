#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <string>

#include "broker.h"
#include "databases.h"

namespace outbox_relay::bench {

/// What one run showed, by names such as "rows_per_second"; the names carry their units.
using Measures = std::map<std::string, double>;

/// How large a benchmark is.
struct Scale {
  std::size_t rows = 1'000'000;
  int repeats = 5;
  std::chrono::seconds steady{30};  ///< of a load that is measured for a while
  std::chrono::seconds idle{60};
};

/// Where all runs take place.
struct Lab {
  Databases databases;
  Broker broker;
};

}  // namespace outbox_relay::bench
