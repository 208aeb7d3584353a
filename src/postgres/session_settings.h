#pragma once

#include <string>

#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// The statement by which a session asks the server for what the relay relies on: bounds on time, plans that
/// do not change, names that mean one thing. Run after connecting instead of passed in `options`, which
/// belong to the user.
[[nodiscard]] std::string session_settings_sql(const ServerSettings& settings);

}  // namespace outbox_relay::postgres
