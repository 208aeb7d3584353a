#pragma once

#include <string_view>
#include <vector>

#include "config/option.h"

// The option table: every key of the configuration file, once. Parser, defaults, JSON Schema and the
// reference in config/README.md are made from it.
namespace outbox_relay::config {

/// The list of outboxes, whose items have a table of their own.
inline constexpr std::string_view outboxes_key = "outboxes";

/// All but the outboxes. In the order of the reference.
[[nodiscard]] const std::vector<Field<Config>>& daemon_fields();

/// One item of `outboxes`. In the order of the reference.
[[nodiscard]] const std::vector<Field<Outbox>>& outbox_fields();

/// What a table says of its options, in its order.
template <class Section>
[[nodiscard]] std::vector<const Option*> options_of(const std::vector<Field<Section>>& fields) {
  std::vector<const Option*> options;
  options.reserve(fields.size());
  for (const Field<Section>& field : fields) options.push_back(&field.option);
  return options;
}

}  // namespace outbox_relay::config
