#pragma once

#include <libpq-fe.h>

#include <map>
#include <memory>
#include <string>

#include "postgres/query.h"
#include "postgres/result.h"

namespace outbox_relay::bench {

/// A connection to PostgreSQL with binary parameters and results; every statement is prepared once.
///
/// Whatever goes wrong is thrown as std::runtime_error and nothing is mended. For one thread.
class Connection {
 public:
  explicit Connection(const std::string& options);

  /// One statement or several, without parameters and results.
  void execute(const std::string& sql);
  [[nodiscard]] postgres::Result run(const postgres::Query& query);

  /// The same in two steps, with other work between them; one at a time.
  void send(const postgres::Query& query);
  [[nodiscard]] bool is_waiting() const { return is_waiting_; }
  /// Takes in what has come. Whether `receive` would return at once.
  [[nodiscard]] bool is_ready();
  [[nodiscard]] postgres::Result receive();
  /// As PQserverVersion has it.
  [[nodiscard]] int server_version() const { return PQserverVersion(connection_.get()); }
  [[nodiscard]] int socket() const { return PQsocket(connection_.get()); }

 private:
  struct Finish {
    void operator()(PGconn* connection) const { PQfinish(connection); }
  };

  [[noreturn]] void fail(const std::string& what) const;
  [[nodiscard]] const std::string& prepared(const postgres::Query& query);
  [[nodiscard]] postgres::Result checked(PGresult* raw, const std::string& what) const;

  std::unique_ptr<PGconn, Finish> connection_;
  std::map<std::string, std::string> names_;  ///< of prepared statements, by their text
  bool is_waiting_ = false;
};

}  // namespace outbox_relay::bench
