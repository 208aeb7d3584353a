#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "kafka/log.h"
#include "telemetry/log.h"

// What libraries and servers say without being asked, as debug lines of an outbox. The log outlives them.
namespace outbox_relay::cli {

[[nodiscard]] kafka::LogCallback librdkafka_lines(telemetry::Log& log, const std::string& outbox);
[[nodiscard]] std::function<void(std::string_view)> postgresql_lines(telemetry::Log& log,
                                                                     const std::string& outbox);

}  // namespace outbox_relay::cli
