#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace outbox_relay::kafka {

enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Takes librdkafka's log lines, on the pipeline's thread.
using LogCallback = std::function<void(LogLevel level, std::string_view text)>;

}  // namespace outbox_relay::kafka
