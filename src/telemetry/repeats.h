#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "telemetry/time.h"

namespace outbox_relay::telemetry {

/// Which of many failures are worth a log line. Pure logic; lives on one thread.
///
/// The first failure is said at once, and one of another kind too; the same kind again at most once an
/// interval, with the number of those kept back. Lines are bounded even when failures and recoveries
/// alternate quickly (one partition works, another does not): after `max_lines` in an interval further
/// failures are counted only, and so is what recovers from failures that were never said.
class Repeats {
 public:
  Repeats() = default;
  explicit Repeats(Duration interval, std::size_t max_lines = 4)
      : interval_(interval), max_lines_(max_lines) {}

  /// A line to be written.
  struct Said {
    std::uint64_t times =
        1;               ///< how many failures it stands for: itself and those kept back since the last line
    Duration lasting{};  ///< since the first failure after the last success
  };

  /// A failure. `kind` tells failures apart, such as by their message. Nothing: keep it back.
  [[nodiscard]] std::optional<Said> failed(TimePoint now, std::string_view kind);
  /// A success. Something: the trouble that was said is over, and how much there was of it since the last
  /// line.
  [[nodiscard]] std::optional<Said> recovered(TimePoint now);
  [[nodiscard]] bool is_failing() const { return failing_since_.has_value(); }
  /// Something that is said each time, as far as the lines of an interval reach. Returns how many pieces of
  /// news the line stands for; nothing: keep it back.
  [[nodiscard]] std::optional<std::uint64_t> news(TimePoint now);

 private:
  void begin_interval(TimePoint now);
  /// Takes a line; returns how many the line stands for.
  [[nodiscard]] std::uint64_t take_line();

  Duration interval_ = std::chrono::seconds{30};
  std::size_t max_lines_ = 4;
  std::optional<TimePoint> failing_since_;
  bool is_trouble_known_ = false;  ///< a line was written since `failing_since_`
  std::optional<TimePoint> interval_start_;
  std::vector<std::string> said_;  ///< kinds, in this interval and since the last success
  std::size_t lines_ = 0;          ///< in this interval
  std::uint64_t kept_back_ = 0;    ///< since the last line
};

}  // namespace outbox_relay::telemetry
