#pragma once

#include <string>

#include "telemetry/overview.h"

namespace outbox_relay::page {

/// The document, complete.
[[nodiscard]] std::string status_page(const telemetry::Overview& overview);

/// The Content-Security-Policy to send with it: its own style and script, fetching it again, and nothing
/// else.
[[nodiscard]] std::string status_page_policy();

}  // namespace outbox_relay::page
