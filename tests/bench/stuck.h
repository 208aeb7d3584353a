#pragma once

#include <chrono>
#include <string>

#include "lab.h"

namespace outbox_relay::bench {

/// A relay that cannot drain, because Kafka is away: it fetches until its window is full, and from then on it
/// only measures and waits. For a while it is observed.
struct Stuck {
  Backlog backlog;
  bool first_row_is_left = false;  ///< with `backlog.sent_rows`: the lowest of them is pending
  std::string relay_options{};     ///< as in `Job`
  std::chrono::seconds duration{30};
};

/// Throws std::runtime_error when the rows do not stay where they are.
///
/// in_flight_bytes, in_flight_share   what the full window holds; its share of the configured limit
/// backlog_rows, backlog_share        what the relay says is pending; its share of what is
/// longest_query_ms, its_mean_ms      of the relay's role, and the mean of the same statement
/// queries                            of the relay's role
/// sequential_scans                   of the outbox
[[nodiscard]] Measures run_stuck(Lab& lab, const Stuck& stuck);

}  // namespace outbox_relay::bench
