#pragma once

#include <optional>
#include <string>

#include "config/config.h"
#include "telemetry/log.h"

// What a running relay does with a new configuration, but for the outboxes, which `Outboxes` sees to.
namespace outbox_relay::cli {

/// Reads the configuration file again. Nothing when it is wrong, or could not be worked with: the log says
/// why. Blocks for some milliseconds.
[[nodiscard]] std::optional<config::Config> load_again(const std::string& file, telemetry::Log& log);

/// What is in force once `next` was read: all of it that can be changed without a restart, and the rest of
/// `present`.
[[nodiscard]] config::Config in_force_after(const config::Config& present, const config::Config& next);

}  // namespace outbox_relay::cli
