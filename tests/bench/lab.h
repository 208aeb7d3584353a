#pragma once

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>
#include <string>

#include "broker.h"
#include "databases.h"

namespace outbox_relay::bench {

/// What one run showed, by names such as "rows_per_second"; the names carry their units.
using Measures = std::map<std::string, double>;

/// How large a benchmark is.
struct Scale {
  std::size_t rows = 1'000'000;
  std::size_t large_rows = 10'000'000;  ///< of a backlog that is called large
  std::size_t sent_rows = 5'000'000;    ///< retained in the table
  int repeats = 5;
  std::chrono::seconds steady{30};  ///< of a load that is measured for a while
  std::chrono::seconds idle{60};
};

/// Where all runs take place.
class Lab {
 public:
  /// A database that several runs of a shape use one after the other, because filling it takes so long. There
  /// is one at a time.
  [[nodiscard]] const Databases::Copy& standing(const Backlog& backlog);
  /// Frees the disk of what the last shape has left; the one of `kept` is what many shapes begin with.
  void tidy_up(const Backlog& kept);

  Databases databases;
  Broker broker;

 private:
  struct Standing {
    Standing(Databases& databases, const Backlog& filled)
        : backlog(filled), database(databases, filled, Databases::Unique{}) {}
    Backlog backlog;
    Databases::Copy database;
  };
  std::optional<Standing> standing_;
};

}  // namespace outbox_relay::bench
