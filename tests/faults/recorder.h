#pragma once

#include <string>
#include <vector>

#include "support/kafka_server.h"

namespace outbox_relay::testing {

/// Every record of a topic, from the start of each partition. Reads again until two readings find the same
/// number, because what a dead producer sent may still be on its way.
[[nodiscard]] std::vector<ConsumedRecord> record_topic(const KafkaServer& kafka, const std::string& topic);

}  // namespace outbox_relay::testing
