#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "support/postgres_server.h"
#include "support/server_script.h"

namespace outbox_relay::testing {

/// A real PgBouncer with transaction pooling in front of a server, on a free port of the loopback address.
/// Every client becomes `user` there. Starts in the constructor, is gone after the destructor. Failures throw
/// std::runtime_error.
class PgBouncer {
 public:
  /// `settings` are PgBouncer's: "default_pool_size=1".
  explicit PgBouncer(const PostgresServer& server, const std::vector<std::string>& settings = {},
                     std::string_view user = "postgres");

  /// For libpq and libpqxx.
  [[nodiscard]] std::string connection_string(std::string_view database) const;
  /// Ends it, and with it every connection, as a crash would.
  void kill() const;
  /// Starts it again on the same port, in front of `server` from now on.
  void start(const PostgresServer& server);

 private:
  std::vector<std::string> settings_;
  std::string user_;
  ServerScript script_{"pgbouncer"};
};

}  // namespace outbox_relay::testing
