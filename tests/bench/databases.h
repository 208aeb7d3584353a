#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

#include "support/postgres_server.h"

namespace outbox_relay::bench {

enum class Payload : std::uint8_t { bytea, jsonb };

enum class Table : std::uint8_t {
  shipped,  ///< deploy/sql/outbox.sql
  usual,    ///< the same columns with a partial index on unsent rows, and no fillfactor
};

/// An outbox full of pending rows: payloads of 400 bytes, keys in turn, three headers.
struct Backlog {
  std::size_t rows = 0;
  std::size_t keys = 10'000;
  Payload payload = Payload::bytea;
  Table table = Table::shipped;
  std::size_t large_rows = 0;  ///< so many of them, in between, with payloads of 10 MB; bytea only
};

/// The PostgreSQL server of all runs. Each kind of backlog is filled once, into a template.
class Databases {
 public:
  Databases();

  /// A copy of the backlog for one run, dropped with this object. The databases must outlive it.
  class Copy {
   public:
    Copy(Databases& databases, const Backlog& backlog);
    ~Copy();
    Copy(const Copy&) = delete;
    Copy& operator=(const Copy&) = delete;

    /// As the relay's role, for the contenders.
    [[nodiscard]] std::string connection() const;
    /// As somebody else, for those who look on.
    [[nodiscard]] std::string watching_connection() const;
    void execute(const std::string& sql) const;
    [[nodiscard]] std::string value(const std::string& sql) const;
    [[nodiscard]] double number(const std::string& sql) const { return std::stod(value(sql)); }

   private:
    Databases& databases_;
    std::string name_;
  };

  [[nodiscard]] pid_t process() const;
  /// How many bytes of log were written so far, and how many images of whole pages into it.
  [[nodiscard]] double log_bytes() const;
  [[nodiscard]] double full_page_images() const;
  /// How many queries the contenders' role has made since `forget_queries`.
  [[nodiscard]] double queries() const;
  void forget_queries() const;
  [[nodiscard]] std::string version() const { return server_.value("SHOW server_version"); }

 private:
  [[nodiscard]] std::string template_of(const Backlog& backlog);
  void fill(const std::string& name, const Backlog& backlog);

  testing::PostgresServer server_;
  std::set<std::string> filled_;
};

}  // namespace outbox_relay::bench
