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

/// Whether a completion waits until it survives a crash of the database.
enum class CompletionCommit : std::uint8_t {
  synchronous,   ///< as the server's settings have it
  asynchronous,  ///< not at all, nor for standbys; leases, which every completion renews, do not go with it
};

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
  std::optional<std::string> sent;  ///< required by `Completion::mark`
  /// These three may be missing in the table unless `parks`.
  std::optional<std::string> parked_at;
  std::optional<std::string> attempts;
  std::optional<std::string> last_error;
  Completion completion = Completion::mark;
  bool parks = false;  ///< refused rows are parked, so the three columns must be there and writable
};

/// How relays of one outbox find out which of them works.
enum class Coordination : std::uint8_t {
  advisory_lock,  ///< held by the session that completes rows; needs a connection of its own to the server
  lease,          ///< a row in the control schema; works through a transaction pooler too
  none,           ///< not at all: the user sees to it that there is one
};

struct Settings {
  ServerSettings server;
  TableSettings table;
  /// Where watermarks and leases are kept; see deploy/sql/control.sql.
  std::optional<std::string> control_schema;
  CompletionCommit completion_commit = CompletionCommit::synchronous;
  Coordination coordination = Coordination::advisory_lock;
  /// Where those who write rows say so (deploy/sql/notify.sql); not listened to with `Coordination::lease`,
  /// because a pooler of transactions passes no notifications on.
  std::optional<std::string> notify_channel;
  /// For so long a relay may be silent (paused, cut off) before another takes its place: the session with the
  /// lock is ended by the server (PostgreSQL 14 and later; before, when the connection is dead), the lease
  /// runs out.
  std::chrono::milliseconds lock_time{5'000};
  std::chrono::milliseconds lease_time{8'000};
};

}  // namespace outbox_relay::postgres
