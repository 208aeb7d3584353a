#pragma once

#include <optional>
#include <string>

#include "config/document.h"
#include "config/option.h"
#include "config/problem.h"

namespace outbox_relay::config {

/// Reads a value as its option wants it. What is wrong is added to `report`, and nothing returned; a value
/// that is right but not built yet is reported and returned, so that it can be checked against others all the
/// same. Hides what is secret, and what is so wrong that it might be.
[[nodiscard]] std::optional<Value> read_value(const Option& option, const Node& node, Report& report);

/// The value that an option has when nobody sets it. The option has a default.
[[nodiscard]] Value fallback_value(const Option& option);

/// How a message calls a scalar: what stands in the file, never what a variable held.
[[nodiscard]] std::string called(const Node& node);

/// What is wrong with a key that is in its mapping already.
[[nodiscard]] std::string called_twice(const Node& key, const Node& first);

}  // namespace outbox_relay::config
