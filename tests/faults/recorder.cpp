#include "recorder.h"

#include <utility>

namespace outbox_relay::testing {

std::vector<ConsumedRecord> record_topic(const KafkaServer& kafka, const std::string& topic) {
  auto records = kafka.consume_all(topic);
  for (;;) {
    auto again = kafka.consume_all(topic);
    if (again.size() == records.size()) return again;
    records = std::move(again);
  }
}

}  // namespace outbox_relay::testing
