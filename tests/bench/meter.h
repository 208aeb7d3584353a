#pragma once

#include "lab.h"
#include "running.h"

namespace outbox_relay::bench {

/// What a drain costs, from the construction on: the servers and the contender are read in `read`. Queries
/// are counted anew (`Databases::queries`), and what those who look on write to the log is left out.
class Meter {
 public:
  explicit Meter(const Lab& lab);

  /// cpu_us_per_row, postgres_cpu_us_per_row, kafka_cpu_us_per_row
  /// peak_memory_mib                              of the contender
  /// wal_bytes_per_row, full_page_images_per_row
  [[nodiscard]] Measures read(const Running& running, std::size_t rows) const;

 private:
  struct Use {
    double postgres_cpu = 0;
    double kafka_cpu = 0;
    double log_bytes = 0;
    double full_page_images = 0;
  };
  [[nodiscard]] Use use() const;

  const Lab* lab_;
  Use before_;
};

}  // namespace outbox_relay::bench
