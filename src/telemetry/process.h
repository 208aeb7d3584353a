#pragma once

#include <limits>
#include <string_view>

namespace outbox_relay::telemetry {

/// What Linux says of this process. What cannot be read is NaN.
struct ProcessFacts {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  double cpu_seconds = unknown;  ///< user and system time
  double resident_memory_bytes = unknown;
  double virtual_memory_bytes = unknown;
  double open_descriptors = unknown;
  double max_descriptors = unknown;  ///< infinity when there is no limit
  double threads = unknown;
  double start_time_seconds = unknown;  ///< since the Unix epoch
};

/// Reads /proc. Never throws; takes some tens of microseconds.
[[nodiscard]] ProcessFacts read_process_facts();

/// The units that /proc counts in.
struct KernelUnits {
  double ticks_per_second = ProcessFacts::unknown;
  double page_bytes = ProcessFacts::unknown;
  double boot_time_seconds = ProcessFacts::unknown;  ///< since the Unix epoch
};

/// Fills in what /proc/self/stat tells (proc_pid_stat(5)); leaves the rest as it is when the text is not
/// understood.
void parse_stat(std::string_view stat, const KernelUnits& units, ProcessFacts& facts);

}  // namespace outbox_relay::telemetry
