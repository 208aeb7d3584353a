#pragma once

#include <string>

#include "lab.h"
#include "running.h"

namespace outbox_relay::bench {

/// One contender relays a backlog, from its start until every row is completed.
struct Drain {
  Contender contender = Contender::relay;
  Completion completion = Completion::mark;
  Backlog backlog;
  std::string relay_options;     ///< as in `Job`
  bool behind_snapshot = false;  ///< another session holds a snapshot from before the start
};

/// Measures it from outside, every contender alike: a watcher asks the database every few milliseconds
/// whether the first and the last rows are completed, the kernel is asked for CPU time and memory. Throws
/// std::runtime_error when not every row was completed, or the topic does not hold exactly the rows.
///
/// rows_per_second              from the first completion to the last
/// rows_per_second_from_start   from the start of the process to the last completion
/// cpu_us_per_row, postgres_cpu_us_per_row, kafka_cpu_us_per_row
/// peak_memory_mib              of the contender
/// wal_bytes_per_row, full_page_images_per_row
/// hot_ratio                    marks only
/// queries_per_page             of the contender's sessions
[[nodiscard]] Measures run_drain(Lab& lab, const Drain& drain);

/// One of the `*_only` contenders: its own rows_per_second.
[[nodiscard]] Measures run_end_alone(Lab& lab, const Drain& drain);

}  // namespace outbox_relay::bench
