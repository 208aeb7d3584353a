#pragma once

#include <string>

namespace outbox_relay::core {

/// A duration by its two largest units, for people: "3d 4h", "5m 12s", "7s".
[[nodiscard]] std::string to_age(double seconds);

}  // namespace outbox_relay::core
