#pragma once

#include <optional>
#include <string>

namespace outbox_relay::kafka {

/// librdkafka's version as it numbers itself: 0xMMmmrrpp.
using Version = int;

/// Of the library that is loaded, which need not be the one that was compiled against.
[[nodiscard]] Version library_version();
/// "2.0.2"
[[nodiscard]] std::string to_string(Version version);

/// What an operator should know about this version, to be logged once at the start; nothing when there is
/// nothing.
[[nodiscard]] std::optional<std::string> version_warning(Version version = library_version());

/// Below 2.6.1 the client's nonce is sent doubled; Kafka 4 checks it and refuses the right password
/// (librdkafka #4895).
[[nodiscard]] bool can_log_in_to_kafka_4_with_scram(Version version = library_version());

}  // namespace outbox_relay::kafka
