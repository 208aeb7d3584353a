#pragma once

#include <optional>
#include <string>

// What may be known of a connection string without its secrets.
namespace outbox_relay::postgres {

/// The parts of a connection string that hold no secret, and whether there is a password; nothing when it
/// cannot be told which parts those are.
[[nodiscard]] std::optional<std::string> without_secrets(const std::string& connection);

/// The role that it logs in as, where it says so.
[[nodiscard]] std::optional<std::string> user_of(const std::string& connection);

}  // namespace outbox_relay::postgres
