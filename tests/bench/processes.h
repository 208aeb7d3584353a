#pragma once

#include <sys/types.h>

// What the kernel counts of processes, from /proc. Throws std::runtime_error for one that is gone.
namespace outbox_relay::bench {

/// User and system time since the process began, in seconds; the clock's resolution is 10 ms.
[[nodiscard]] double cpu_seconds(pid_t process);
/// The same with its children, those that have ended included.
[[nodiscard]] double cpu_seconds_with_children(pid_t process);
/// The most memory that was resident at once, in MiB.
[[nodiscard]] double peak_memory_mib(pid_t process);

}  // namespace outbox_relay::bench
