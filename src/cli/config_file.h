#pragma once

#include <string>
#include <variant>

#include "config/config.h"

namespace outbox_relay::cli {

/// Reads a configuration file with the variables of this process. Returns it, or all that is wrong with it,
/// ready to be shown: lines that end with a line feed.
[[nodiscard]] std::variant<config::Config, std::string> load_config(const std::string& file);

}  // namespace outbox_relay::cli
