#pragma once

#include <string>

#include "telemetry/overview.h"

namespace outbox_relay::page {

/// One outbox as an `<article>`, as of `now`.
[[nodiscard]] std::string to_article(const telemetry::OutboxOverview& outbox, telemetry::WallTime now);

}  // namespace outbox_relay::page
