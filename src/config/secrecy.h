#pragma once

#include <string_view>
#include <vector>

#include "config/document.h"
#include "config/source.h"

namespace outbox_relay::config {

/// Whether the value of a librdkafka property is never shown. Wider than librdkafka's own flag, which leaves
/// out `sasl.oauthbearer.client.secret`.
[[nodiscard]] bool is_sensitive_property(std::string_view name);

/// Whether a key that nobody knows may be shown. What is no name, or has no value, may be a secret that a
/// missing colon or quote made a key.
[[nodiscard]] bool may_be_name(const Entry& entry);

/// What must not be shown of a file whose structure is unknown because it is no YAML: everything but the
/// keys, and but the lines that give a single value to an option which is no secret.
[[nodiscard]] std::vector<Span> spans_that_may_be_secret(const Source& source);

}  // namespace outbox_relay::config
