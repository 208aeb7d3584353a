#pragma once

#include <chrono>
#include <optional>
#include <string>

// The commands, one file each. They write results to standard output, messages to standard error, and return
// the exit code (exit_code.h). They throw for what nobody expects.
namespace outbox_relay::cli {

struct RunOptions {
  std::string config_file;
};

/// The daemon. Returns when a signal ended it.
[[nodiscard]] int run(const RunOptions& options);

struct CheckOptions {
  std::string config_file;
};

/// Says what is wrong with a configuration, or that nothing is. Asks no server.
[[nodiscard]] int check(const CheckOptions& options);

struct HealthcheckOptions {
  std::string url = "http://127.0.0.1:8980/livez";
  std::optional<std::string> config_file;  ///< whose `http.listen` is asked instead of `url`
  std::chrono::milliseconds timeout{5000};
};

/// Asks a running relay whether it is well.
[[nodiscard]] int healthcheck(const HealthcheckOptions& options);

[[nodiscard]] int version();

}  // namespace outbox_relay::cli
