#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "config/config.h"
#include "config/expand.h"
#include "config/problem.h"

namespace outbox_relay::config {

/// Why librdkafka refuses a property.
struct PropertyError {
  bool is_unknown = false;  ///< it has no such property; otherwise it refuses the value
  std::string text;         ///< librdkafka's words, which may repeat the value
};
/// Nothing when librdkafka takes the property.
using PropertyCheck =
    std::function<std::optional<PropertyError>(std::string_view name, const std::string& value)>;

/// What libpq makes of a connection string.
enum class ConnectionVerdict : std::uint8_t { valid, valid_with_password, malformed };
using ConnectionCheck = std::function<ConnectionVerdict(const std::string& connection)>;

/// What other libraries say of the values that are theirs; asked through functions, so that this module links
/// neither.
struct Validators {
  PropertyCheck property;
  std::vector<std::string> property_names;  ///< all that librdkafka knows, for "did you mean"
  ConnectionCheck connection;
};

/// Reads a configuration: all of it, or everything that is wrong with it. Touches nothing but its arguments:
/// no file, no environment, no server. `file_name` is for messages.
[[nodiscard]] std::variant<Config, Problems> load(std::string_view file_name, std::string text,
                                                  const Environment& environment,
                                                  const Validators& validators);

}  // namespace outbox_relay::config
