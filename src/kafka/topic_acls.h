#pragma once

#include <chrono>
#include <optional>
#include <string>

namespace outbox_relay::kafka {

class Producer;

/// Whether the brokers let this principal write to a topic; nothing when that cannot be asked: librdkafka can
/// from 2.3 on. Waits about `timeout` at most.
[[nodiscard]] std::optional<bool> may_write(const Producer& producer, const std::string& topic,
                                            std::chrono::milliseconds timeout);

}  // namespace outbox_relay::kafka
