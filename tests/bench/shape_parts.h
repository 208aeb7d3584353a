#pragma once

#include <string>
#include <vector>

#include "drain.h"
#include "shape.h"

// What the descriptions of shapes are put together from.
namespace outbox_relay::bench {

[[nodiscard]] const std::vector<Column>& drain_columns();
[[nodiscard]] Arm drain_arm(std::string name, const Drain& drain);
/// The relay, with its default configuration.
[[nodiscard]] Drain relay_drain(std::size_t rows, Completion completion = Completion::mark);

/// The medians of one measure, by arm: a ratio of two, the difference of two, or one alone.
[[nodiscard]] Claim ratio_at_least(std::string text, std::string measure, std::string of, std::string against,
                                   double bar);
[[nodiscard]] Claim difference_at_most(std::string text, std::string measure, std::string of,
                                       std::string against, double bar);
[[nodiscard]] Claim at_least(std::string text, std::string measure, std::string of, double bar);
[[nodiscard]] Claim at_most(std::string text, std::string measure, std::string of, double bar);

/// What the servers need on disk, about, in GB: for the templates of backlogs with so many rows together, and
/// for the largest run's copy, log and records.
[[nodiscard]] double gigabytes(std::size_t rows_of_templates, std::size_t rows_of_run);
/// The same for a database that is filled where it is used.
[[nodiscard]] double gigabytes_unique(std::size_t rows);

// shapes_of_drains.cpp
[[nodiscard]] Shape drain_shape(const Scale& scale);
[[nodiscard]] Shape memory_shape(const Scale& scale);
[[nodiscard]] Shape wal_shape(const Scale& scale);
[[nodiscard]] Shape one_key_shape(const Scale& scale);
[[nodiscard]] Shape snapshot_shape(const Scale& scale);
[[nodiscard]] Shape four_shape(const Scale& scale);

// shapes_of_tables.cpp
[[nodiscard]] Shape retained_shape(const Scale& scale);
[[nodiscard]] Shape backlog_shape(const Scale& scale);
[[nodiscard]] Shape large_shape(const Scale& scale);

// shapes_of_time.cpp
[[nodiscard]] Shape latency_shape(const Scale& scale);
[[nodiscard]] Shape idle_shape(const Scale& scale);
[[nodiscard]] Shape flushed_shape(const Scale& scale);
[[nodiscard]] Shape completing_shape(const Scale& scale);

}  // namespace outbox_relay::bench
