#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "running.h"

namespace outbox_relay::bench {

/// Ids of an outbox in a row, all pending at first.
struct Stretch {
  std::string table = "public.outbox";
  std::int64_t first = 1;
  std::int64_t rows = 0;
  int parts = 1;  ///< as large as each other
};

/// When a stretch was completed.
struct Passage {
  using Clock = std::chrono::steady_clock;

  [[nodiscard]] Clock::time_point end() const { return parts.back(); }

  Clock::time_point begin;               ///< the first completion
  std::vector<Clock::time_point> parts;  ///< the last completion of each
};

[[nodiscard]] double seconds_between(Passage::Clock::time_point begin, Passage::Clock::time_point end);

/// Looks every few milliseconds how far the contender has come, by index look-ups on a connection of its own,
/// until all stretches are completed. Throws std::runtime_error when the contender ends before or takes too
/// long.
[[nodiscard]] std::vector<Passage> watch(const std::string& connection, const std::vector<Stretch>& stretches,
                                         const Running& running);

}  // namespace outbox_relay::bench
