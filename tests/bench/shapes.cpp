#include "shape_parts.h"

namespace outbox_relay::bench {

std::vector<Shape> make_shapes(const Scale& scale) {
  return {drain_shape(scale),   latency_shape(scale),    memory_shape(scale),   wal_shape(scale),
          one_key_shape(scale), snapshot_shape(scale),   four_shape(scale),     idle_shape(scale),
          flushed_shape(scale), completing_shape(scale), retained_shape(scale), backlog_shape(scale),
          large_shape(scale)};
}

}  // namespace outbox_relay::bench
