#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace outbox_relay::testing {

/// A new folder for temporary files, with `name` in its own. Whoever asks for it removes it.
[[nodiscard]] std::filesystem::path make_temporary_directory(const std::string& name);

/// One of the scripts in tests/servers, at work on a temporary directory of its own.
///
/// The directory goes with this object, and the server too; when this process crashes, the script's watchdog
/// sees to both. Every call throws std::runtime_error with what the script said when it fails.
class ServerScript {
 public:
  explicit ServerScript(std::string name);
  ~ServerScript();
  ServerScript(const ServerScript&) = delete;
  ServerScript& operator=(const ServerScript&) = delete;

  /// Starts the server with settings "name=value" and reads the variables of its `env` file. `options` are
  /// the script's own, such as {"--brokers", "3"}.
  void start(const std::vector<std::string>& settings, const std::vector<std::string>& options = {});

  /// The same by the script's verb `standby`: a copy of `primary`, which runs, made by streaming from it.
  void start_as_standby_of(const ServerScript& primary, const std::vector<std::string>& settings);

  /// Runs `verb` on the directory, with further arguments.
  void run(const std::string& verb, const std::vector<std::string>& arguments = {}) const;

  /// A variable as of the last start; throws std::out_of_range when the script sets none of that name.
  [[nodiscard]] const std::string& variable(const std::string& name) const;

  [[nodiscard]] const std::filesystem::path& directory() const { return directory_; }

 private:
  void launch(const std::vector<std::string>& verb, const std::vector<std::string>& settings,
              const std::vector<std::string>& options);

  std::string name_;
  std::filesystem::path directory_;
  std::map<std::string, std::string> variables_;
};

}  // namespace outbox_relay::testing
