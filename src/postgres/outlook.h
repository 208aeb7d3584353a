#pragma once

#include <atomic>
#include <cstdint>
#include <limits>

namespace outbox_relay::postgres {

/// What the pipeline knows, for those who work beside it; may change at any time.
struct Outlook {
  /// Nothing is pending at or below it.
  std::atomic<std::int64_t> watermark = std::numeric_limits<std::int64_t>::min();
  /// Another relay works on the outbox: its backlog is not this one's to count, nor its old rows to delete.
  std::atomic<bool> is_standby = false;
};

}  // namespace outbox_relay::postgres
