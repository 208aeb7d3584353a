#pragma once

#include <librdkafka/rdkafka.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <string>
#include <thread>
#include <vector>

namespace outbox_relay::bench {

/// Consumes a topic on a thread of its own from construction on, and notes when each record came. Records are
/// numbered: a value begins with its number.
class Arrivals {
 public:
  using Clock = std::chrono::steady_clock;

  Arrivals(const std::string& bootstrap, const std::string& topic, int partitions, std::size_t records);
  ~Arrivals();
  Arrivals(const Arrivals&) = delete;
  Arrivals& operator=(const Arrivals&) = delete;

  [[nodiscard]] std::size_t count() const { return count_; }
  /// By number; to be read when all have come.
  [[nodiscard]] const std::vector<Clock::time_point>& times() const { return times_; }

 private:
  void consume();

  std::vector<Clock::time_point> times_;
  std::atomic<std::size_t> count_ = 0;
  std::atomic<bool> is_over_ = false;
  int partitions_;
  rd_kafka_t* client_;
  rd_kafka_topic_t* topic_;
  rd_kafka_queue_t* queue_;
  std::thread consumer_;
};

}  // namespace outbox_relay::bench
