#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

#include "core/failure.h"

namespace outbox_relay::kafka {

class Producer;

/// A topic as the brokers describe it; each of its partitions has a leader.
struct TopicFacts {
  std::int32_t partitions = 0;
  std::int32_t leader = -1;  ///< of the first partition: its connection is needed anyway
  int fewest_replicas = 0;   ///< of a partition
  int fewest_in_sync = 0;
};

/// No broker answered.
struct NoAnswer {
  core::Failure failure;
  bool was_slow = false;
};

/// Asks any broker for one topic, and waits `timeout` at most. A failure is about the topic. A partition
/// without a leader would let its rows fill the window, so the whole topic counts as without one.
[[nodiscard]] std::variant<TopicFacts, core::Failure, NoAnswer> look_up_topic(
    const Producer& producer, const std::string& name, std::chrono::milliseconds timeout);

}  // namespace outbox_relay::kafka
