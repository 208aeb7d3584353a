#pragma once

#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

// What librdkafka is told about a producer. Every value counts as a secret (librdkafka does not flag all of
// those that are), so no text that leaves this module holds one.
namespace outbox_relay::kafka {

/// What the configuration decides about a producer.
struct ProducerSettings {
  /// librdkafka properties by name, in the order of the configuration; of two the later one wins.
  std::vector<std::pair<std::string, std::string>> properties;
  /// How the brokers' logs and quotas call this producer, unless `properties` say otherwise.
  std::string client_id = "outbox-relay";
  /// Values among `properties` that librdkafka may quote, and that no text may show.
  std::vector<std::string> secrets = {};
  /// Further properties, all of them secret, as their files say now: asked for each new producer and when a
  /// login is refused, so that a rotated secret is picked up. May throw `core::FailureError`.
  std::function<std::vector<std::pair<std::string, std::string>>()> read_secrets = {};
};

/// The settings with what `read_secrets` says now among `properties` and `secrets`.
[[nodiscard]] ProducerSettings with_present_secrets(ProducerSettings settings);

struct Property {
  std::string_view name;
  std::string_view value;
};

/// What the promises rest on: set after the configuration's properties, so nothing overrides it.
[[nodiscard]] std::span<const Property> fixed_properties();

/// What we choose where the configuration says nothing.
[[nodiscard]] std::span<const Property> default_properties();

/// The value that a producer with these settings has, where it comes from the settings or from us; empty when
/// librdkafka's own default holds.
[[nodiscard]] std::string_view effective_value(const ProducerSettings& settings, std::string_view name);

}  // namespace outbox_relay::kafka
