#pragma once

#include <sys/types.h>

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "telemetry/time.h"

namespace outbox_relay::telemetry {

/// What systemd hands to a service of `Type=notify` (sd_notify(3), sd_watchdog_enabled(3)).
struct SystemdSettings {
  std::string socket;  ///< a path, or `@name` in the abstract namespace; empty: nobody wants to know
  std::optional<Duration> watchdog_timeout;  ///< silence for longer has the service killed and restarted
};

/// Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID. `variable` returns null for one that is not set;
/// `process` is who asks: a watchdog that is meant for another process, such as a wrapper script, is none.
[[nodiscard]] SystemdSettings read_systemd_settings(const std::function<const char*(const char*)>& variable,
                                                    pid_t process);

/// Tells systemd how the process is, in the protocol of sd_notify(3): a datagram a message. Without
/// libsystemd, which would be a library more for one system call.
///
/// Never waits: a message that systemd does not take at once is dropped. Thread-safe.
class SystemdNotifier {
 public:
  /// `socket` as in SystemdSettings. A process that nobody started as a service makes one too; all its
  /// messages are dropped.
  explicit SystemdNotifier(std::string socket);
  ~SystemdNotifier();
  SystemdNotifier(const SystemdNotifier&) = delete;
  SystemdNotifier& operator=(const SystemdNotifier&) = delete;

  /// Whether there is somebody to tell.
  [[nodiscard]] bool is_wanted() const { return !socket_.empty(); }

  /// `message` is `READY=1` and the like; several are separated by newlines. Returns why it was not
  /// delivered, or nothing.
  std::optional<std::string> notify(std::string_view message) const;

 private:
  const std::string socket_;
  const int fd_;  // opened early: a process that has run out of descriptors must still reach its watchdog
};

}  // namespace outbox_relay::telemetry
