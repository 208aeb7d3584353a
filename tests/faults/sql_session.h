#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

struct pg_conn;

namespace outbox_relay::testing {

/// A statement failed. `is_connection_lost`: whether it was carried out is unknown, and the session is
/// finished.
class SqlError : public std::runtime_error {
 public:
  SqlError(const std::string& what, bool is_connection_lost)
      : std::runtime_error{what}, is_connection_lost_{is_connection_lost} {}
  [[nodiscard]] bool is_connection_lost() const { return is_connection_lost_; }

 private:
  bool is_connection_lost_;
};

/// One connection to PostgreSQL that stays, for writers and for locks that have to be held. Blocking; of one
/// thread.
class SqlSession {
 public:
  /// A parameter or a value; NULL is nullopt.
  using Value = std::optional<std::string>;
  /// `bytea` parameters go as they are, in binary.
  struct Parameter {
    Value value;
    bool is_binary = false;
  };

  /// Connects; throws SqlError.
  explicit SqlSession(const std::string& connection_string);

  void execute(const std::string& sql);
  /// With parameters $1, $2 …; returns the rows.
  std::vector<std::vector<Value>> query(const std::string& sql,
                                        const std::vector<Parameter>& parameters = {});

 private:
  struct Finish {
    void operator()(pg_conn* connection) const;
  };
  [[noreturn]] void fail(const std::string& sql) const;

  std::unique_ptr<pg_conn, Finish> connection_;
};

}  // namespace outbox_relay::testing
