#pragma once

#include <string>

#include "lab.h"
#include "running.h"
#include "watch.h"

namespace outbox_relay::bench {

/// One contender relays a backlog, from its start until every row is completed.
struct Drain {
  Contender contender = Contender::relay;
  Completion completion = Completion::mark;
  Backlog backlog;
  std::string relay_options{};   ///< as in `Job`
  bool behind_snapshot = false;  ///< another session holds a snapshot from before the start
};

/// Measures it from outside, every contender alike: a watcher asks the database every few milliseconds
/// whether the first and the last rows are completed, the kernel is asked for CPU time and memory. Throws
/// std::runtime_error when not every row was completed, or the topic does not hold exactly the rows.
///
/// rows_per_second              from the first completion to the last
/// rows_per_second_from_start   from the start of the process to the last completion
/// hot_ratio                    marks only
/// queries                      of the contender's sessions
/// and all that `Meter` reads
[[nodiscard]] Measures run_drain(Lab& lab, const Drain& drain);

/// The same with a backlog that is too large to exist twice, and further:
///
/// first_tenth_rows_per_second, last_tenth_rows_per_second
/// last_to_first_tenth          their ratio
[[nodiscard]] Measures run_large_drain(Lab& lab, const Drain& drain);

/// One of the `*_only` contenders: its own rows_per_second.
[[nodiscard]] Measures run_end_alone(Lab& lab, const Drain& drain);

/// Throws std::runtime_error unless every row of the stretch is completed, and the topic holds exactly so
/// many records.
void check_drained(const Stretch& stretch, Completion completion, const Databases::Copy& database,
                   const Topic& topic);

}  // namespace outbox_relay::bench
