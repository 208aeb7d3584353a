#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "config/document.h"
#include "config/problem.h"

namespace outbox_relay::config {

/// The value of an environment variable, or nothing when it is not set.
using Environment = std::function<std::optional<std::string>(std::string_view name)>;

/// Replaces `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$` in the scalars that are values, never
/// in keys. A value stays the one scalar that it was, whatever the variable holds. As in a shell, the forms
/// with a colon take an empty variable for one that is not set.
void expand(Node& root, const Environment& environment, Report& report);

}  // namespace outbox_relay::config
