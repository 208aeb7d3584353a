#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "support/postgres_server.h"

namespace outbox_relay::bench {

enum class Payload : std::uint8_t { bytea, jsonb };

enum class Table : std::uint8_t {
  shipped,  ///< deploy/sql/outbox.sql
  usual,    ///< the same columns with a partial index on unsent rows, and no fillfactor
};

/// The tables are called `outbox`, each in a schema of its own; the first one is public.outbox.
[[nodiscard]] std::string table_name(std::size_t number);

/// An outbox full of pending rows: payloads of 400 bytes, keys in turn, three headers.
struct Backlog {
  std::size_t rows = 0;
  std::vector<std::size_t> further_rows{};  ///< of further outboxes in the same database, such as this one
  std::size_t sent_rows = 0;                ///< retained ones below the pending ones
  std::size_t keys = 10'000;
  Payload payload = Payload::bytea;
  Table table = Table::shipped;
  std::size_t large_rows = 0;  ///< so many of them, in between, with payloads of 10 MB; bytea only
  bool is_vacuumed = true;     ///< and analyzed; otherwise as the writers left it

  friend bool operator==(const Backlog&, const Backlog&) = default;
};

/// The PostgreSQL server of all runs. Each kind of backlog is filled once, into a template.
class Databases {
 public:
  Databases();

  /// Fills it where it is needed, without a template: for backlogs that a disk does not hold twice.
  struct Unique {};

  /// A database with the backlog for one run, dropped with this object. The databases must outlive it.
  class Copy {
   public:
    Copy(Databases& databases, const Backlog& backlog);
    Copy(Databases& databases, const Backlog& backlog, Unique unique);
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
    /// Writes further pending rows into public.outbox, and vacuums it.
    void append(std::size_t rows) const;

   private:
    Databases& databases_;
    std::string name_;
  };

  [[nodiscard]] pid_t process() const;
  /// How many bytes of log were written so far, and how many images of whole pages into it.
  [[nodiscard]] double log_bytes() const;
  [[nodiscard]] double full_page_images() const;
  /// How many of these bytes are due to statements of others than the contenders' role since
  /// `forget_queries`: whoever reads a page first after its rows were marked prunes it, and that is logged.
  [[nodiscard]] double log_bytes_of_onlookers() const;
  /// How many queries the contenders' role has made since `forget_queries`.
  [[nodiscard]] double queries() const;
  void forget_queries() const;

  /// The slowest of them, by its longest execution.
  struct Slowest {
    double longest_ms = 0;
    double mean_ms = 0;  ///< of the same statement
    std::string text;
  };
  [[nodiscard]] Slowest slowest_query() const;

  /// Starts the server anew, with nothing of its data in memory: neither in its own nor in the kernel's.
  void restart_cold();
  /// Templates are for the runs of one shape; only the one of `kept` remains.
  void drop_templates_but(const Backlog& kept);
  [[nodiscard]] std::string version() const { return server_.value("SHOW server_version"); }

 private:
  [[nodiscard]] std::string template_of(const Backlog& backlog);
  [[nodiscard]] std::filesystem::path files() const;
  void have_files_written() const;
  void make(const std::string& name, const Backlog& backlog) const;
  void make_table(const std::string& name, const Backlog& backlog, std::size_t number) const;

  testing::PostgresServer server_;
  std::vector<std::pair<Backlog, std::string>> templates_;
};

}  // namespace outbox_relay::bench
