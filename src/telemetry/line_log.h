#pragma once

#include <unistd.h>

#include <array>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string_view>

#include "telemetry/log_format.h"
#include "telemetry/time.h"

namespace outbox_relay::telemetry {

struct LogOptions {
  LogLevel level = LogLevel::info;
  std::optional<LogFormat> format;  ///< nothing: text on a terminal, logfmt elsewhere
  int descriptor = STDERR_FILENO;   ///< results go to stdout, messages to stderr
};

/// Lines since the start.
struct LogCounts {
  std::array<std::uint64_t, std::size(all_log_levels)> written{};  ///< in the order of `all_log_levels`
  std::uint64_t suppressed = 0;  ///< repeated ones kept back, and those that the descriptor did not take
};

/// Lines of any words, one a call, with the time in UTC (RFC 3339, milliseconds). `Log` has the words.
///
/// Thread-safe. Writing never blocks, throws or ends the process, whatever became of the descriptor; lines
/// that cannot be written are counted. No text handed in may hold a payload, a key or a secret.
class LineLog {
 public:
  explicit LineLog(const LogOptions& options, Time time = {});
  ~LineLog();
  LineLog(const LineLog&) = delete;
  LineLog& operator=(const LineLog&) = delete;

  void write(LogLevel level, std::string_view message, LogFields fields = {}) noexcept;

  void set_level(LogLevel level) noexcept;
  /// A line was kept back by its caller, because it repeats.
  void count_suppressed() noexcept;
  [[nodiscard]] LogCounts counts() const noexcept;

 private:
  struct Implementation;
  std::unique_ptr<Implementation> implementation_;
};

}  // namespace outbox_relay::telemetry
