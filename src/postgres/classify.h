#pragma once

#include <string>
#include <string_view>

#include "core/failure.h"

// What an error of PostgreSQL or libpq means, and what is to be done about it: the one place that knows.
namespace outbox_relay::postgres {

/// An error that the server reported for a statement.
struct ServerError {
  std::string sqlstate;      ///< empty: libpq reported it, not the server
  std::string message;       ///< the primary message only; DETAIL may quote rows and is never read
  bool has_context = false;  ///< perhaps raised in a function or trigger, whose author chose the words
};

/// The remedy depends on SQLSTATE alone. The server's words are passed on unless they may quote a row.
[[nodiscard]] core::Failure classify(const ServerError& error);

/// Why no connection came about. `text` is what libpq says, with SQLSTATE in it (PQERRORS_VERBOSE), for
/// several hosts several lines.
[[nodiscard]] core::Failure classify_connect(std::string_view text, bool needs_password);

/// The connection broke while it was in use.
[[nodiscard]] core::Failure connection_lost(std::string_view text);

/// Whether the server's message can be shown: some quote values of a row ("invalid input syntax for type
/// integer: …"), and what functions and triggers raise may quote anything.
[[nodiscard]] bool message_is_safe(const ServerError& error);

}  // namespace outbox_relay::postgres
