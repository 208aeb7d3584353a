#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace outbox_relay::config {

/// Why properties of librdkafka are refused, and which.
struct RefusedProperties {
  std::string_view reason;                  ///< the rest of a sentence that begins with the property's name
  std::span<const std::string_view> names;  ///< a trailing * stands for any rest
};

/// All that are refused whatever their value, by reason. Aliases are not repeated.
[[nodiscard]] std::span<const RefusedProperties> refused_properties();

/// The name under which librdkafka keeps a property that has several.
/// Source: CONFIGURATION.md of librdkafka, "Alias for".
[[nodiscard]] std::string_view canonical_property(std::string_view name);

/// Why a property must not be set (to this value), as the rest of a sentence that begins with its name. Asked
/// before librdkafka is: `plugin.library.paths` loads the code when it is set.
[[nodiscard]] std::optional<std::string> refusal_of(std::string_view name, std::string_view value);

}  // namespace outbox_relay::config
