#pragma once

#include <functional>
#include <string_view>

namespace outbox_relay::kafka {

/// Takes librdkafka's log lines, on the pipeline's thread. They are for debugging: what matters of them comes
/// as an event too, and is reported as trouble or as the producer's end.
using LogCallback = std::function<void(std::string_view text)>;

}  // namespace outbox_relay::kafka
