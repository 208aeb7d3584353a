#pragma once

#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "telemetry/telemetry.h"

// What the tests of telemetry look through: a clock that stands still, a log in a file, and metrics by name.
namespace outbox_relay::telemetry {

/// A clock that moves only when told to.
struct StandingTime {
  TimePoint now{std::chrono::hours{1}};
  WallTime wall{std::chrono::milliseconds{1'795'000'000'250}};  // 2026-11-18T11:06:40.250Z

  void pass(std::chrono::milliseconds duration) {
    now += duration;
    wall += duration;
  }
  [[nodiscard]] Time time() {
    return {.now = [this] { return now; }, .wall = [this] { return wall; }};
  }
};

/// A file without a name, for a log.
class LogFile {
 public:
  LogFile() : file_(std::tmpfile(), &std::fclose) {}
  [[nodiscard]] int descriptor() const { return fileno(file_.get()); }
  [[nodiscard]] std::string text() const {
    std::string text(1 << 20, '\0');
    const auto size = pread(descriptor(), text.data(), text.size(), 0);
    text.resize(size > 0 ? static_cast<std::size_t>(size) : 0);
    return text;
  }
  [[nodiscard]] std::vector<std::string> lines() const {
    std::vector<std::string> lines;
    std::istringstream stream(text());
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    return lines;
  }

 private:
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> file_;
};

/// Telemetry with one outbox named `orders`, and all that it says.
struct Observed {
  explicit Observed(LogLevel level = LogLevel::info)
      : log({.level = level, .format = LogFormat::logfmt, .descriptor = file.descriptor()}, clock.time()) {}

  /// The value of a series as it is written, or "" when there is none.
  [[nodiscard]] std::string value(const std::string& series) {
    std::istringstream text(telemetry.render());
    for (std::string line; std::getline(text, line);) {
      if (line.starts_with("outbox_relay_" + series + " ")) return line.substr(line.rfind(' ') + 1);
    }
    return {};
  }

  StandingTime clock;
  LogFile file;
  Log log;
  Telemetry telemetry{
      {.version = "1.2.3", .revision = "abc", .librdkafka = "2.0.2", .libpq = "15.5"}, log, clock.time()};
  OutboxTelemetry& orders =
      telemetry.add_outbox({.name = "orders", .limit_rows = 20000, .limit_bytes = {32 << 20}, .health = {}});
};

}  // namespace outbox_relay::telemetry
