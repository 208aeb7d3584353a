#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "postgres/settings.h"

namespace outbox_relay::postgres {

/// How much longer than the server we wait, so that its own timeout is heard first and the session survives
/// it.
inline constexpr std::chrono::seconds answer_grace{5};

/// What a session is for.
struct SessionUse {
  /// A transaction pooler may stand between: from one transaction to the next the server's end of the
  /// connection may be another one, so nothing is left behind there. No prepared statements, and the settings
  /// come with each transaction.
  bool is_pooled = false;
  /// Addresses rows by their places.
  bool completes_rows = false;
  /// The server ends the session when it is silent for so long, because a lock lives as long as the session.
  std::optional<std::chrono::milliseconds> ends_after_silence;
};

/// What every connection of the relay relies on, as calls of set_config separated by commas: texts and names
/// that mean one thing, bounds on time, no scans over the whole table.
[[nodiscard]] std::string common_settings_sql(std::chrono::milliseconds statement_timeout, bool is_local);

/// In a transaction: its commit does not wait for the disk.
inline constexpr const char* asynchronous_commit_sql = "SELECT set_config('synchronous_commit', 'off', true)";

/// The statement by which a session asks the server for what the relay relies on: bounds on time, plans that
/// do not change, names that mean one thing. Run after connecting instead of passed in `options`, which
/// belong to the user. Its first columns are those below; `server_version` as PQserverVersion has it.
[[nodiscard]] std::string session_settings_sql(const ServerSettings& settings, const SessionUse& use,
                                               int server_version);
/// Comes before it in a transaction of a pooled session. A statement of its own, because the level cannot be
/// set by one that has a snapshot already; and not SET LOCAL, of which the server says in each batch that it
/// only means something in a transaction block. It is good for this transaction only.
inline constexpr const char* read_committed_sql = "SET transaction_isolation = 'read committed'";
inline constexpr int backend_pid_column = 0;     ///< integer
inline constexpr int server_started_column = 1;  ///< text: the server's life, which no two share

}  // namespace outbox_relay::postgres
