#pragma once

#include <string>
#include <variant>

#include "config/config.h"
#include "config/problem.h"

namespace outbox_relay::cli {

/// Reads a configuration file with the variables of this process. Returns it, or all that is wrong with it.
[[nodiscard]] std::variant<config::Config, config::Problems> load_config(const std::string& file);

}  // namespace outbox_relay::cli
