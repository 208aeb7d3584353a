#pragma once

#include <string>

namespace outbox_relay::config {

/// The JSON Schema (draft 7) of a configuration file, for editors: names, values and their limits, and which
/// options a preset leaves to be given. What an option means together with others only `check` says.
[[nodiscard]] std::string schema();

}  // namespace outbox_relay::config
