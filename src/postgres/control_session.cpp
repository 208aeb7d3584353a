#include "postgres/control_session.h"

#include <algorithm>
#include <utility>

#include "core/failure.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/session_settings.h"

namespace outbox_relay::postgres {
namespace {

using namespace std::chrono_literals;

/// While this lives, something is asked of the server.
class Watch {
 public:
  Watch(SocketWatchdog& watchdog, int socket, std::chrono::milliseconds within) : watchdog_(watchdog) {
    watchdog_.arm(socket, within);
  }
  ~Watch() { watchdog_.disarm(); }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

 private:
  SocketWatchdog& watchdog_;
};

}  // namespace

ControlSession::ControlSession(ServerSettings settings) : settings_(std::move(settings)) {
  guarded([&] { connect(connection_, settings_); });
}

Table ControlSession::describe(const TableSettings& table) {
  Catalog catalog;
  transact(Kind::read, [&](pqxx::work& transaction) { catalog = read_catalog(transaction, table); });
  return describe_table(table, {}, catalog);
}

void ControlSession::transact(Kind kind, const std::function<void(pqxx::work&)>& work) {
  constexpr int attempts = 5;
  for (int attempt = 1;; ++attempt) {
    try {
      return run(longest_transaction(kind), [&](pqxx::connection& connection) {
        pqxx::work transaction{connection};
        execute(transaction, "SET TRANSACTION ISOLATION LEVEL READ COMMITTED");
        set_limits(transaction, longest_statement(kind));
        work(transaction);
        transaction.commit();
      });
    } catch (const core::FailureError& error) {
      if (error.failure().reason != core::Reason::conflict || attempt == attempts) throw;
    }
  }
}

void ControlSession::run(std::chrono::milliseconds within,
                         const std::function<void(pqxx::connection&)>& work) {
  guarded([&] {
    const Watch watch{watchdog_, connection_->sock(), within};
    work(*connection_);
  });
}

void ControlSession::guarded(const std::function<void()>& work) {
  try {
    work();
  } catch (const core::FailureError&) {
    throw;
  } catch (const std::exception& error) {
    if (watchdog_.has_bitten()) {
      throw core::FailureError(
          {core::Reason::timeout, core::Remedy::rebuild, "PostgreSQL did not answer in time", ""});
    }
    throw core::FailureError(failure_of(error, !connection_));
  }
}

/// Whoever waits behind a parked row may be a hundred thousand, all released by one statement.
std::chrono::milliseconds ControlSession::longest_statement(Kind kind) const {
  constexpr std::chrono::milliseconds least_for_change = 5min;
  const auto configured = settings_.statement_timeout;
  return kind == Kind::read ? configured : std::max(configured, least_for_change);
}

/// Two statements take time, at the most; the server ends each of them before.
std::chrono::milliseconds ControlSession::longest_transaction(Kind kind) const {
  return 2 * longest_statement(kind) + answer_grace;
}

}  // namespace outbox_relay::postgres
