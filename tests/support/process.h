#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace outbox_relay::testing {

/// A child process whose output is collected in memory while it runs.
///
/// Never leaves a child behind: the destructor kills and reaps it, and the kernel kills it when the thread
/// that made this object ends (so make it on a thread that lives as long, such as the test's own). Standard
/// input is empty. Usable from several threads.
class Process {
 public:
  /// Starts `command` (found on PATH unless it names a file). `environment` holds "NAME=value" and is added
  /// to ours. A program that does not exist ends with code 127 and says so on standard error; throws
  /// std::system_error when no process can be made at all.
  explicit Process(const std::vector<std::string>& command, const std::vector<std::string>& environment = {});
  ~Process();
  Process(Process&&) noexcept;
  Process& operator=(Process&&) noexcept;

  [[nodiscard]] pid_t id() const;
  [[nodiscard]] bool is_running() const;

  /// Sends a signal; nothing happens when the process has ended already.
  void signal(int number) const;

  /// The exit code, as a shell has it (128 + number after a signal), or nothing if it still runs after
  /// `timeout`.
  [[nodiscard]] std::optional<int> wait(std::chrono::milliseconds timeout = std::chrono::seconds{30}) const;

  /// What it wrote so far. Complete once `wait` has returned a code.
  [[nodiscard]] std::string output() const;
  [[nodiscard]] std::string errors() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// A process that has ended.
struct Finished {
  int code = 0;
  std::string output;
  std::string errors;
};

/// Runs a command to its end; throws std::runtime_error with its output when it outlives `timeout`.
[[nodiscard]] Finished run(const std::vector<std::string>& command,
                           const std::vector<std::string>& environment = {},
                           std::chrono::milliseconds timeout = std::chrono::seconds{60});

}  // namespace outbox_relay::testing
