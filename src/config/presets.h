#pragma once

#include <string_view>

#include "config/config.h"
#include "config/document.h"

namespace outbox_relay::config {

/// What a preset fills in, as one would write it in an item of `outboxes`.
[[nodiscard]] std::string_view preset_text(Preset preset);

/// The same, parsed. Lives as long as the program.
[[nodiscard]] const Node& preset_node(Preset preset);

}  // namespace outbox_relay::config
