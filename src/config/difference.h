#pragma once

#include <string_view>
#include <vector>

#include "config/config.h"

namespace outbox_relay::config {

/// The options outside `outboxes` whose values differ, by their names in the option table.
[[nodiscard]] std::vector<std::string_view> differing_options(const Config& one, const Config& other);

}  // namespace outbox_relay::config
