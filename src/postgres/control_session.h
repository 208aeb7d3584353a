#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <pqxx/pqxx>

#include "postgres/settings.h"
#include "postgres/socket_watchdog.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

/// What a command asks the database by: a connection of its own, blocking, for one thread. No wait is without
/// a bound, also beside a server that is frozen. Everything throws `core::FailureError`.
class ControlSession {
 public:
  enum class Kind : std::uint8_t { read, change };

  /// Connects.
  explicit ControlSession(ServerSettings settings);

  /// What the catalog says of an outbox's table.
  [[nodiscard]] Table describe(const TableSettings& table);
  /// Runs `work` in a transaction, which is committed. A conflict with the relay or with somebody else is
  /// tried again a few times, so `work` begins anew with each call. A change is given more time.
  void transact(Kind kind, const std::function<void(pqxx::work&)>& work);
  /// Runs `work`, which makes its own transactions and is to be back in time.
  void run(std::chrono::milliseconds within, const std::function<void(pqxx::connection&)>& work);

 private:
  void guarded(const std::function<void()>& work);
  [[nodiscard]] std::chrono::milliseconds longest_statement(Kind kind) const;
  [[nodiscard]] std::chrono::milliseconds longest_transaction(Kind kind) const;

  ServerSettings settings_;
  std::optional<pqxx::connection> connection_;
  SocketWatchdog watchdog_;
};

}  // namespace outbox_relay::postgres
