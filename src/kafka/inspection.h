#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/diagnosis.h"
#include "core/units.h"
#include "kafka/properties.h"

namespace outbox_relay::kafka {

/// A topic that rows go to, or may go to.
struct TopicUse {
  std::string name;
  bool is_certain = true;                    ///< otherwise only a row's columns may lead there
  std::optional<core::Bytes> largest_row{};  ///< of those that are to go there, as far as it is known
};

struct Inspection {
  core::Findings cluster;              ///< of the brokers, and how they are reached
  std::vector<core::Findings> topics;  ///< of each topic, in their order; all empty when no broker answered
};

/// Looks at brokers and topics as the relay's producer sees them, and says what to mend. Creates nothing and
/// publishes nothing. Blocks, about 10 s when no broker answers.
[[nodiscard]] Inspection inspect(const ProducerSettings& settings, std::span<const TopicUse> topics);

}  // namespace outbox_relay::kafka
