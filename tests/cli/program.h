#pragma once

#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "support/process.h"

namespace outbox_relay::testing {

/// Runs the real program with these arguments to its end.
inline Finished run_program(std::vector<std::string> arguments,
                            const std::vector<std::string>& environment = {}) {
  arguments.insert(arguments.begin(), OUTBOX_RELAY_BINARY);
  return run(arguments, environment);
}

/// A configuration file that is gone when the test ends.
class ConfigFile {
 public:
  explicit ConfigFile(std::string_view content) : path_(unique_path()) {
    std::ofstream(path_, std::ios::binary) << content;
  }
  ~ConfigFile() { std::filesystem::remove(path_); }
  ConfigFile(const ConfigFile&) = delete;
  ConfigFile& operator=(const ConfigFile&) = delete;

  [[nodiscard]] std::string path() const { return path_.string(); }

 private:
  static std::filesystem::path unique_path() {
    static std::atomic<int> count = 0;
    const std::string name =
        "outbox-relay-" + std::to_string(::getpid()) + '-' + std::to_string(++count) + ".yaml";
    return std::filesystem::temp_directory_path() / name;
  }

  std::filesystem::path path_;
};

}  // namespace outbox_relay::testing
