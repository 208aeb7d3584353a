#pragma once

#include <cstddef>
#include <vector>

#include "lab.h"

namespace outbox_relay::bench {

/// One relay with several outboxes, marking: from its start until all rows are completed but those that are
/// stuck.
struct Several {
  std::vector<std::size_t> rows;  ///< of each outbox
  bool last_is_stuck = false;     ///< nobody has made its topic, so its rows stay
  /// The outboxes, counted from the first, whose own rate is asked for.
  std::size_t observed = 1;
};

/// Throws std::runtime_error when a topic does not hold exactly its rows, or stuck rows did not stay.
///
/// rows_per_second            of all outboxes together, from the first completion to the last
/// observed_rows_per_second   of the observed ones together
/// observed_share             of what was relayed until they were drained
/// and all that `Meter` reads
[[nodiscard]] Measures run_several(Lab& lab, const Several& several);

}  // namespace outbox_relay::bench
