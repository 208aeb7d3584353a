#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "support/certificates.h"
#include "support/server_script.h"

namespace outbox_relay::testing {

/// A real PostgreSQL server of this test program, on a free port of the loopback address, with default
/// durability (fsync on). Starts in the constructor (1 s), is gone after the destructor. Failures throw
/// std::runtime_error.
class PostgresServer {
 public:
  enum class Stop {
    fast,       ///< rolls back what is open, writes a checkpoint
    immediate,  ///< as a crash: recovery at the next start, asynchronous commits may be lost
  };
  /// NULL is nullopt.
  using Row = std::vector<std::optional<std::string>>;

  /// `settings` are PostgreSQL's: "synchronous_commit=off".
  explicit PostgresServer(const std::vector<std::string>& settings = {});

  /// For the constructor below.
  struct StandbyOf {
    const PostgresServer& primary;
  };
  /// A streaming standby of a server that runs, with the same roles and passwords.
  explicit PostgresServer(StandbyOf standby_of, const std::vector<std::string>& settings = {});

  /// A server that takes connections with TLS only, by the certificates' `server`.
  explicit PostgresServer(const Certificates& certificates, const std::vector<std::string>& settings = {});

  [[nodiscard]] const std::string& host() const { return script_.variable("PGHOST"); }
  [[nodiscard]] const std::string& port() const { return script_.variable("PGPORT"); }
  /// Of both `postgres`, the superuser, and `outbox_relay`, who has no grants yet (deploy/sql/role.sql gives
  /// them).
  [[nodiscard]] const std::string& password() const { return script_.variable("PGPASSWORD"); }

  /// For libpq and libpqxx, password included.
  [[nodiscard]] std::string connection_string(std::string_view user = "postgres",
                                              std::string_view database = "postgres") const;

  /// An empty database, so that tests that share a server do not meet.
  void create_database(std::string_view name) const;

  /// As superuser, on a connection of its own. `execute` takes any number of statements (one transaction,
  /// unless they say otherwise), `value` returns the first column of the only row, NULL being an error.
  void execute(const std::string& sql, std::string_view database = "postgres") const;
  void execute_file(const std::filesystem::path& file, std::string_view database = "postgres") const;
  [[nodiscard]] std::vector<Row> query(const std::string& sql, std::string_view database = "postgres") const;
  [[nodiscard]] std::string value(const std::string& sql, std::string_view database = "postgres") const;

  void stop(Stop how = Stop::fast) const;
  /// A standby becomes a primary of its own; returns when it takes writes.
  void promote() const { script_.run("promote"); }
  /// The same data on the same port; `settings` are added.
  void start(const std::vector<std::string>& settings = {}) { script_.start(settings); }

 private:
  ServerScript script_{"postgres"};
};

}  // namespace outbox_relay::testing
