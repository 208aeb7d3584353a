#pragma once

#include <cstddef>

#include "lab.h"

namespace outbox_relay::bench {

/// A relay with the control schema starts on an outbox with some rows that are pending, above many that are
/// sent and retained.
struct Retained {
  std::size_t sent_rows = 0;
  std::size_t pending_rows = 0;
  bool has_watermark = true;  ///< of an earlier relay; else it is the first one
  bool is_cold = false;  ///< nothing of the database is in memory; else what writers and relays left there
};

/// The database stands from one run to the next; each writes further pending rows, and so the sent ones
/// become more. After a cold start PostgreSQL logs the image of each page that a mark changes first, as after
/// every checkpoint, and its rates are to be read with that in mind.
///
/// first_record_seconds   from the start of the process until the topic holds a record
/// rows_per_second        from the first completion to the last
[[nodiscard]] Measures run_retained(Lab& lab, const Retained& retained);

}  // namespace outbox_relay::bench
