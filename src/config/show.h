#pragma once

#include <string>
#include <string_view>

#include "config/config.h"

namespace outbox_relay::config {

/// A configuration as YAML, with all that presets, variables and defaults have brought: another file that
/// means the same, but for the secrets, which are redacted. `connection` stands for `postgres.connection`,
/// whose parts only libpq can tell apart.
[[nodiscard]] std::string to_yaml(const Config& config, std::string_view connection);

/// A right configuration with every option at its default, what it means above it. What has no default is an
/// example.
[[nodiscard]] std::string default_yaml();

}  // namespace outbox_relay::config
