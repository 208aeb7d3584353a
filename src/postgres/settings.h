#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

// What this module has to be told. Plain values of its own, so that it does not depend on how they are
// configured.
namespace outbox_relay::postgres {

/// How to reach the server.
struct ServerSettings {
  std::string connection;  ///< any libpq string or URI; may hold a password, so it never appears in a message
  /// Asked before each attempt to connect, so that a rotated password is picked up. May throw
  /// `core::FailureError`.
  std::function<std::optional<std::string>()> password;
  std::chrono::milliseconds connect_timeout{10'000};  ///< for each host that `connection` names
  std::chrono::milliseconds statement_timeout{30'000};
  std::string application_name = "outbox-relay";  ///< unless `connection` or PGAPPNAME give another
};

enum class Completion : std::uint8_t { mark, remove };

/// The outbox table and what its columns are for; names as the catalog knows them, unquoted.
struct TableSettings {
  std::string schema;
  std::string name;
  std::string id = "id";
  std::optional<std::string> message_id;  ///< nothing, or NULL in a row: the id is the message id
  std::optional<std::string> key;
  std::optional<std::string> payload;
  std::optional<std::string> headers;
  std::optional<std::string> created_at;
  std::optional<std::string> sent;       ///< required by `Completion::mark`
  std::optional<std::string> parked_at;  ///< may be missing in the table: then no row is parked
  Completion completion = Completion::mark;
};

struct Settings {
  ServerSettings server;
  TableSettings table;
  std::optional<std::string> control_schema;  ///< where watermarks are kept; see deploy/sql/control.sql
};

}  // namespace outbox_relay::postgres
