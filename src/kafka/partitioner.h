#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

#include "core/row.h"

namespace outbox_relay::kafka {

/// Where keys belong: librdkafka's partitioners by the names of its `partitioner` property, applied by us
/// because the relay must know a row's partition before it hands the row over.
///
/// A row with a key, the empty one included, goes where the key's hash says. A row without a key has no order
/// to keep: under `*_random` it goes where its neighbours go, a new random partition every `run_length` rows,
/// so that batches fill; under the others NULL hashes like an empty key. `random` treats every row as one
/// without a key.
///
/// Lives on its pipeline's thread.
class Partitioner {
 public:
  using Random = std::function<double()>;  ///< uniform in [0, 1)

  static constexpr int run_length = 500;

  /// Throws `core::FailureError` for a name that librdkafka does not know either.
  Partitioner(std::string_view name, Random random);

  /// Among 0 … `partitions` - 1; there must be at least one.
  [[nodiscard]] std::int32_t partition_of(const core::Value& key, std::int32_t partitions);

 private:
  using Hash = std::int32_t (*)(std::string_view key, std::int32_t partitions);

  struct Kind {
    std::string_view name;
    Hash hash;  ///< none: every row is spread
    bool spreads_keyless;
  };
  static const Kind kinds[];

  [[nodiscard]] std::int32_t spread(std::int32_t partitions);

  const Kind* kind_;
  Random random_;
  double draw_ = 0;  ///< one for all topics, scaled to the number of each one's partitions
  int rows_left_ = 0;
};

}  // namespace outbox_relay::kafka
