#pragma once

#include <cstddef>
#include <string>

#include "outbox.h"

// The contenders beside the relay itself; each runs as a process of its own (contender_main.cpp).
namespace outbox_relay::bench {

struct Task {
  std::string connection;  ///< a libpq string
  std::string bootstrap;   ///< bootstrap.servers
  std::string topic;
  Completion completion = Completion::mark;
  std::size_t rows = 0;  ///< how many are pending
};

/// The relay's defaults (`page_rows`, `in_flight_rows`, `in_flight_bytes`), for all of them.
inline constexpr std::size_t page_rows = 1000;
inline constexpr std::size_t in_flight_rows = 20'000;
inline constexpr std::size_t in_flight_bytes = 32U << 20U;

/// What the two ends allow: fetching, publishing and completing overlap, and nothing else is done.
void run_limit(const Task& task);

/// What people write: one page in turn, fetched, published, flushed, marked.
void run_usual_loop(const Task& task);

/// One end alone. Each returns the seconds it took for `task.rows` rows, preparations left out.
[[nodiscard]] double run_fetch_only(const Task& task);
[[nodiscard]] double run_publish_only(const Task& task);
[[nodiscard]] double run_complete_only(const Task& task);

}  // namespace outbox_relay::bench
