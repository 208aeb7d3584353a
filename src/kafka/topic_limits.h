#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>

#include "core/units.h"

namespace outbox_relay::kafka {

class Producer;

/// What brokers tell of a topic's properties.
struct TopicProperties {
  std::optional<core::Bytes> largest_batch;  ///< `max.message.bytes`
  std::optional<int> min_in_sync;            ///< `min.insync.replicas`
};

/// Asks the broker with this id, and waits about `timeout` at most. Otherwise why they are not known: brokers
/// tell them only to principals with DescribeConfigs on the topic.
[[nodiscard]] std::variant<TopicProperties, std::string> ask_topic_properties(
    const Producer& producer, const std::string& topic, std::int32_t broker,
    std::chrono::milliseconds timeout);

/// A topic's `max.message.bytes`, which bounds a batch as it is compressed; or why it is not known. As
/// `ask_topic_properties`.
[[nodiscard]] std::variant<core::Bytes, std::string> ask_largest_record(const Producer& producer,
                                                                        const std::string& topic,
                                                                        std::int32_t broker,
                                                                        std::chrono::milliseconds timeout);

/// The `batch.size` for a topic with this limit, never above `configured`. Smaller ones are powers of two, so
/// that topics with all kinds of limits need few producers.
[[nodiscard]] int batch_size_for(std::optional<core::Bytes> largest_record, int configured);

}  // namespace outbox_relay::kafka
