#include "postgres/classify.h"

#include <algorithm>
#include <array>
#include <optional>

namespace outbox_relay::postgres {
namespace {

using core::Reason;
using core::Remedy;

struct Rule {
  std::string_view prefix;  ///< of SQLSTATE: a class (two characters) or a whole code
  Reason reason;
  Remedy remedy;
  std::string_view hint;
};

// The first rule that fits counts, so codes stand before their class. Codes: PostgreSQL manual, appendix A.
constexpr Rule rules[] = {
    {"08", Reason::connection, Remedy::rebuild, ""},
    {"0A000", Reason::other, Remedy::rebuild, ""},  // a plan that stayed stale after it was prepared again
    {"22001", Reason::other, Remedy::operate,
     "a column of the outbox is too short for what the relay or a trigger writes; `last_error` should be "
     "text"},
    {"22", Reason::other, Remedy::operate, "a value in the outbox cannot be read; look at the server's log"},
    {"23", Reason::other, Remedy::operate, "a constraint on the outbox forbids to complete its rows"},
    {"25006", Reason::read_only, Remedy::rebuild, "the relay needs the writable primary"},
    {"25", Reason::connection, Remedy::rebuild, ""},  // a transaction in a state we never leave it in
    {"26000", Reason::connection, Remedy::rebuild, ""},
    {"28", Reason::authentication, Remedy::operate,
     "check user and password (`postgres.connection`, `postgres.password_file`) and the server's "
     "pg_hba.conf"},
    {"3D", Reason::missing, Remedy::operate, "check dbname in `postgres.connection`"},
    {"3F", Reason::missing, Remedy::operate, "check the schema in `table`"},
    {"40", Reason::conflict, Remedy::retry, ""},
    {"42501", Reason::authorization, Remedy::operate,
     "grant the relay's role what deploy/sql/role.sql grants; with row-level security it needs BYPASSRLS"},
    {"42P01", Reason::missing, Remedy::operate, "check `table`, or create it: outbox-relay sql table"},
    {"42703", Reason::missing, Remedy::operate, "check `columns`, or add the column: outbox-relay sql table"},
    {"42", Reason::other, Remedy::operate,
     "table and configuration do not fit: outbox-relay check --connect"},
    {"53", Reason::resources, Remedy::retry, "the server is out of disk, memory or connections"},
    {"54", Reason::other, Remedy::operate, "a row is larger than the server can send"},
    {"55P03", Reason::conflict, Remedy::retry,
     "somebody holds a lock on the outbox or on its rows: pg_blocking_pids tells who"},
    {"55", Reason::conflict, Remedy::retry, ""},
    {"57014", Reason::timeout, Remedy::retry, "a slow server, or `postgres.statement_timeout` too short"},
    {"57P04", Reason::missing, Remedy::rebuild, "the database was dropped"},
    {"57", Reason::connection, Remedy::rebuild, ""},
    {"58", Reason::resources, Remedy::retry, "the server has trouble with its disks; look at its log"},
    // Ours, raised by deploy/sql/control.sql.
    {"OR001", Reason::conflict, Remedy::rebuild,
     "another relay has taken the lease over, because this one was silent for too long"},
    {"OR002", Reason::connection, Remedy::rebuild, "a pooler must lead to one primary"},
    {"P0", Reason::other, Remedy::operate, "a trigger on the outbox raised this"},
    {"XX001", Reason::other, Remedy::operate, "the server reports damaged data; look at its log"},
    {"XX002", Reason::other, Remedy::operate, "the server reports a damaged index: REINDEX"},
    {"XX", Reason::other, Remedy::rebuild, ""},
};

const Rule* find_rule(std::string_view sqlstate) {
  const auto rule =
      std::ranges::find_if(rules, [&](const Rule& r) { return sqlstate.starts_with(r.prefix); });
  return rule == std::end(rules) ? nullptr : rule;
}

bool contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

/// SQLSTATE in a line such as `connection … failed: FATAL:  28P01: password authentication failed …`.
std::optional<std::string_view> sqlstate_of(std::string_view line) {
  constexpr std::size_t length = 5;
  const auto is_code = [](char c) { return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z'); };
  for (auto at = line.find(":  "); at != std::string_view::npos; at = line.find(":  ", at + 1)) {
    const auto code = line.substr(at + 3, length);
    if (code.size() == length && std::ranges::all_of(code, is_code) &&
        line.substr(at + 3 + length, 2) == ": ") {
      return code;
    }
  }
  return std::nullopt;
}

/// What libpq says about a connection, as one line: its lines about hosts, without the server's LOCATION and
/// DETAIL.
std::string one_line(std::string_view text) {
  std::string told;
  std::string_view first;
  for (std::size_t at = 0; at < text.size();) {
    const auto end = std::min(text.find('\n', at), text.size());
    const auto line = text.substr(at, end - at);
    at = end + 1;
    if (first.empty()) first = line;
    if (!line.starts_with("connection to server")) continue;
    if (!told.empty()) told += "; ";
    told += line;
  }
  return told.empty() ? std::string{first} : told;
}

core::Failure failure(const Rule& rule, std::string message) {
  return {rule.reason, rule.remedy, std::move(message), std::string{rule.hint}};
}

}  // namespace

bool message_is_safe(const ServerError& error) {
  constexpr std::array quoting = {"22", "23", "P0"};
  // What the server itself says of locks, timeouts and shutdowns; the context only tells at which row.
  constexpr std::array harmless = {"40", "55", "57"};
  const auto is_of = [&](std::string_view c) { return error.sqlstate.starts_with(c); };
  if (std::ranges::any_of(harmless, is_of)) return true;
  return !error.has_context && std::ranges::none_of(quoting, is_of);
}

core::Failure classify(const ServerError& error) {
  if (error.sqlstate.empty()) return connection_lost(error.message);
  std::string message = "the server refused a statement";
  if (message_is_safe(error)) message += ": " + error.message;
  message += " (SQLSTATE " + error.sqlstate + ")";
  const Rule* rule = find_rule(error.sqlstate);
  return rule ? failure(*rule, std::move(message))
              : core::Failure{Reason::other, Remedy::retry, std::move(message), ""};
}

core::Failure classify_connect(std::string_view text, bool needs_password) {
  const std::string message = "cannot connect to PostgreSQL: " + one_line(text);
  if (const auto sqlstate = sqlstate_of(message)) {
    if (const Rule* rule = find_rule(*sqlstate)) return failure(*rule, message);
  }
  if (needs_password) {
    return {Reason::authentication, Remedy::operate, message, "give a password: `postgres.password_file`"};
  }
  if (contains(text, "read-only") || contains(text, "hot standby")) {
    return {Reason::read_only, Remedy::rebuild, message, "the relay needs the writable primary"};
  }
  // What a handshake fails of by configuration; a server that goes away in the middle of one says "SSL" as
  // well.
  if (contains(text, "certificate") || contains(text, "private key") ||
      contains(text, "does not support SSL")) {
    return {Reason::authentication, Remedy::operate, message, "check sslmode and the certificates"};
  }
  return {Reason::connection, Remedy::rebuild, message, ""};
}

core::Failure connection_lost(std::string_view text) {
  std::string message = "the connection to PostgreSQL was lost";
  if (const auto line = text.substr(0, text.find('\n')); !line.empty()) message += ": " + std::string{line};
  return {Reason::connection, Remedy::rebuild, std::move(message), ""};
}

}  // namespace outbox_relay::postgres
