#pragma once

#include <chrono>

#include "lab.h"

namespace outbox_relay::bench {

/// The relay on an empty outbox for a while.
///
/// fetches_per_interval, queries_per_interval   an interval is the default `poll_interval`
/// cpu_percent                                  of one core
/// wal_bytes_per_second
[[nodiscard]] Measures run_idle(Lab& lab, std::chrono::seconds duration);

}  // namespace outbox_relay::bench
