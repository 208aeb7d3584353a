#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "lab.h"

namespace outbox_relay::bench {

/// Rows or records come at a steady rate, and a consumer notes when each arrives.
struct Latency {
  enum class Way : std::uint8_t {
    relay,   ///< small transactions write rows, the relay publishes them
    broker,  ///< a bare producer with the relay's settings sends records: what the broker itself takes
  };

  Way way = Way::relay;
  int rows_per_second = 500;
  std::chrono::seconds duration{30};
  std::string relay_options{};  ///< as in `Job`
};

/// p50_ms, p99_ms   from the commit as its writer saw it (or the hand-over to the producer) to the arrival at
/// the
///                  consumer, all by one clock
/// own_mean_ms      what the relay itself tells: created_at to ack, the commit included
///
/// Throws std::runtime_error when a row never arrives.
[[nodiscard]] Measures run_latency(Lab& lab, const Latency& latency);

}  // namespace outbox_relay::bench
