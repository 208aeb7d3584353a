#pragma once

#include <string_view>

#include "config/config.h"

namespace outbox_relay::config {

/// What a preset fills in, as one would write it in an item of `outboxes`.
[[nodiscard]] std::string_view preset_text(Preset preset);

/// Whether a preset sets the option.
[[nodiscard]] bool fills_in(Preset preset, std::string_view option);

/// An outbox before its item is read: the defaults, and above them what the preset fills in.
[[nodiscard]] Outbox defaults_of(Preset preset);

}  // namespace outbox_relay::config
