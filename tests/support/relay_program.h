#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "support/process.h"

namespace outbox_relay::testing {

/// The relay as a user runs it: `outbox-relay run` with a configuration file of its own, which goes with this
/// object, and the process too. It is looked at from outside only: its log and its HTTP server.
///
/// The configuration has to say `http: { listen: "127.0.0.1:0" }`; the address is read from the log.
class RelayProgram {
 public:
  struct Surroundings {
    std::vector<std::string> environment;  ///< "NAME=value"
    /// A command that runs the one behind it, such as {"prlimit", "--nofile=32"}.
    std::vector<std::string> wrapper;
  };

  /// `program` is the file to run, `configuration` the text of the file.
  RelayProgram(const std::string& program, const std::string& configuration,
               const Surroundings& surroundings = {});
  ~RelayProgram();
  RelayProgram(const RelayProgram&) = delete;
  RelayProgram& operator=(const RelayProgram&) = delete;

  [[nodiscard]] const Process& process() const { return *process_; }
  [[nodiscard]] Process& process() { return *process_; }
  [[nodiscard]] std::string log() const { return process_->errors(); }
  [[nodiscard]] const std::filesystem::path& config_file() const { return config_file_; }
  /// Puts another configuration in the file's place, by a rename, and has the relay read it. Returns whether
  /// it did, and took it.
  [[nodiscard]] bool reload(const std::string& configuration);

  struct Answer {
    int status = 0;
    std::string body;
  };
  /// GET from its HTTP server; status 0 when it does not answer within 10 s.
  [[nodiscard]] Answer get(const std::string& path) const;
  /// The value of a series, such as `outbox_relay_rows_completed_total{outbox="orders"}`.
  [[nodiscard]] std::optional<double> metric(const std::string& series) const;
  /// The same for one of an outbox: `metric_of("orders", "rows_completed_total")`. Throws std::runtime_error
  /// when there is none, or no answer.
  [[nodiscard]] double metric_of(const std::string& outbox, const std::string& family,
                                 const std::string& further_labels = "") const;

 private:
  [[nodiscard]] std::string address() const;
  [[nodiscard]] std::size_t log_lines_with(std::string_view text) const;

  std::filesystem::path config_file_;
  std::optional<Process> process_;
};

}  // namespace outbox_relay::testing
