#pragma once

#include <cstddef>
#include <map>

#include "kafka/channel.h"

namespace outbox_relay::kafka {

/// The producers that rows go out through in batches: one with the configured `batch.size`, and where topics
/// take less than that, one for each smaller size in use.
///
/// A batch that is larger than its topic's limit is refused whole, because of many rows that are small
/// [5000 of 5000, with a limit of 100 KB]; small batches for every topic would cost throughput [one partition
/// at 5 ms: 45 k/s with 90 KB, 310 k/s with 1 MB]; and librdkafka has one batch size a producer. Whoever uses
/// them sees one producer: they are replaced together. Lives on its pipeline's thread.
class Producers {
 public:
  /// Makes the first producer, which looks topics up as well. Throws `core::FailureError` when librdkafka
  /// refuses the settings.
  Producers(ProducerSettings settings, Housekeeper& housekeeper, int event_fd, LogCallback log);

  [[nodiscard]] int largest_batch() const { return largest_batch_; }
  /// The producers with this batch size, which is not above `largest_batch`.
  [[nodiscard]] Channel& of(int batch_size);

  /// How many records have no report yet.
  [[nodiscard]] std::size_t outstanding() const;
  void purge(int what);
  /// Puts new producers in the place of all, whose records have their reports. Throws `core::FailureError`
  /// when none can be made; it may be called again then.
  void replace();

  /// Calls `visit` with each channel.
  template <typename Visit>
  void for_each(Visit visit) {
    visit(widest_);
    for (auto& [batch_size, channel] : narrower_) visit(channel);
  }

 private:
  void open_widest();

  ProducerSettings settings_;
  Housekeeper& housekeeper_;
  int event_fd_;
  LogCallback log_;
  Channel widest_;
  std::map<int, Channel> narrower_;  ///< by batch size; one stays for good, its producer until `replace`
  int largest_batch_;
};

}  // namespace outbox_relay::kafka
