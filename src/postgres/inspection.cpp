#include "postgres/inspection.h"

#include <algorithm>
#include <functional>
#include <pqxx/pqxx>

#include "postgres/control_session.h"
#include "postgres/inspections.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/session_settings.h"

namespace outbox_relay::postgres {
namespace {

using core::Aspect;
using core::Finding;
using core::Severity;
using namespace std::chrono_literals;

/// What the relay does when it meets one of these at its start.
const char* const waits_for_operator =
    "the relay does not begin with this: the outbox waits, in the state waiting_for_operator";

constexpr int oldest_version = 130000;
constexpr int ends_idle_sessions = 140000;

Aspect aspect_of(const core::Failure& failure) {
  return failure.reason == core::Reason::read_only ? Aspect::postgres_primary : Aspect::postgres_connection;
}

/// A session whose transactions take no writes.
class Reader {
 public:
  explicit Reader(const ServerSettings& server)
      : timeout_(std::min<std::chrono::milliseconds>(server.statement_timeout, 10s)), session_(server) {}

  void read(const std::function<void(pqxx::transaction_base&)>& work) { read_within(timeout_, work); }
  void read_within(std::chrono::milliseconds timeout,
                   const std::function<void(pqxx::transaction_base&)>& work) {
    session_.run(timeout + answer_grace, [&](pqxx::connection& connection) {
      pqxx::read_transaction transaction{connection};
      set_limits(transaction, timeout);
      work(transaction);
    });
  }

  [[nodiscard]] int server_version() {
    int version = 0;
    session_.run(timeout_, [&](pqxx::connection& connection) { version = connection.server_version(); });
    return version;
  }
  /// The server's end of the connection as it was told at the beginning, and as it says itself.
  [[nodiscard]] int announced_backend() {
    int id = 0;
    session_.run(timeout_, [&](pqxx::connection& connection) { id = connection.backendpid(); });
    return id;
  }
  [[nodiscard]] int backend() {
    int id = 0;
    read([&](pqxx::transaction_base& transaction) {
      id = execute(transaction, "SELECT pg_backend_pid()")[0][0].as<int>();
    });
    return id;
  }

 private:
  std::chrono::milliseconds timeout_;
  ControlSession session_;
};

class Inspector {
 public:
  explicit Inspector(const InspectionSettings& wanted) : wanted_(wanted), reader_(wanted.settings.server) {}

  void run(Inspection& inspection) {
    findings_ = &inspection.findings;
    inspect_version();
    inspect_primary();
    inspect_pooler();
    const auto subject = inspect_table();
    if (!subject) return;
    reader_.read([&](auto& transaction) {
      inspect_indexes(transaction, *subject, *findings_);
      inspect_fillfactor(transaction, *subject, *findings_);
      inspect_sequence(*subject, *findings_);
      inspect_retention(*subject, *findings_);
      inspect_excess_grants(transaction, *subject, *findings_);
      inspect_control_schema(transaction, *subject, *findings_);
      inspect_notifications(transaction, *subject, *findings_);
    });
    if (is_readable_) read_rows(*subject, inspection);
  }

 private:
  void add(Finding finding) { findings_->push_back(std::move(finding)); }

  void inspect_version() {
    const int version = reader_.server_version();
    if (version < oldest_version) {
      add({Severity::error, Aspect::postgres_version, "the server is older than PostgreSQL 13",
           "the relay relies on what later versions can", "upgrade the server"});
    } else if (version < ends_idle_sessions && wanted_.settings.coordination == Coordination::advisory_lock) {
      add({Severity::warning, Aspect::postgres_version,
           "the server is PostgreSQL 13, which does not end the session of a relay that is paused",
           "a relay that stands by takes over only when the paused one goes on or its connection ends",
           "upgrade the server to PostgreSQL 14 or later"});
    }
  }

  void inspect_primary() {
    bool is_primary = false;
    reader_.read([&](auto& transaction) {
      is_primary =
          execute(transaction,
                  "SELECT NOT pg_is_in_recovery() AND NOT reset_val::boolean FROM pg_catalog.pg_settings"
                  " WHERE name = 'default_transaction_read_only'")[0][0]
              .template as<bool>();
    });
    if (is_primary) return;
    add({Severity::error, Aspect::postgres_primary,
         "the server takes no writes: it is a standby, or read-only", waits_for_operator,
         "let `postgres.connection` lead to the primary: name all hosts, with "
         "target_session_attrs=read-write"});
  }

  /// A pooler of transactions gives two clients the same server's end, one after the other; libpq is told a
  /// number for it that is the pooler's own.
  void inspect_pooler() {
    const bool is_direct = reader_.backend() == reader_.announced_backend();
    if (is_direct) return;
    Reader second{wanted_.settings.server};
    constexpr int attempts = 3;
    bool is_shared = false;
    for (int attempt = 0; attempt < attempts && !is_shared; ++attempt)
      is_shared = reader_.backend() == second.backend();
    if (wanted_.settings.coordination == Coordination::lease) return;
    add({is_shared ? Severity::error : Severity::warning, Aspect::postgres_pooler,
         is_shared ? "a pooler of transactions stands between the relay and PostgreSQL"
                   : "a pooler stands between the relay and PostgreSQL",
         is_shared
             ? "locks, settings and prepared statements of a session get lost there"
             : "if it pools transactions, locks, settings and prepared statements of a session get lost",
         "set `coordination: lease`, or connect to PostgreSQL itself or through a pool of sessions"});
  }

  std::optional<Subject> inspect_table() {
    Catalog catalog;
    reader_.read([&](auto& transaction) { catalog = read_catalog(transaction, wanted_.settings.table); });
    std::vector<TableProblem> problems;
    Table table = examine_table(wanted_.settings.table, wanted_.columns, catalog, problems);
    bool is_table = true;
    for (auto& [aspect, failure] : problems) {
      is_table = is_table && aspect != Aspect::postgres_table;
      // Whatever it is about, what one may not read is not read here either.
      is_readable_ = is_readable_ && aspect != Aspect::postgres_grants &&
                     aspect != Aspect::postgres_columns && aspect != Aspect::postgres_row_security;
      add({Severity::error, aspect, std::move(failure.message), waits_for_operator, std::move(failure.hint)});
    }
    if (!is_table) return std::nullopt;
    std::string role = quoted_name(catalog.table.front()[7]);
    return Subject{wanted_, std::move(table), std::move(catalog), reader_.server_version(), std::move(role)};
  }

  void read_rows(const Subject& subject, Inspection& inspection) {
    reader_.read([&](auto& transaction) { inspect_history(transaction, subject, *findings_); });
    try {
      reader_.read_within(50ms, [&](auto& transaction) {
        inspection.largest_pending = largest_pending(transaction, subject);
      });
    } catch (const core::FailureError& error) {
      if (error.failure().reason != core::Reason::timeout) throw;  // it was to be had cheaply, or not at all
    }
  }

  const InspectionSettings& wanted_;
  Reader reader_;
  core::Findings* findings_ = nullptr;
  bool is_readable_ = true;
};

}  // namespace

Inspection inspect(const InspectionSettings& wanted) {
  Inspection inspection;
  try {
    Inspector{wanted}.run(inspection);
  } catch (const core::FailureError& error) {
    const core::Failure& failure = error.failure();
    inspection.findings.push_back({Severity::error, aspect_of(failure), failure.message,
                                   "without the database nothing is relayed", failure.hint});
  }
  return inspection;
}

}  // namespace outbox_relay::postgres
