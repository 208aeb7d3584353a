#pragma once

#include <string>
#include <vector>

#include "config/config.h"
#include "core/diagnosis.h"

namespace outbox_relay::cli {

struct CheckFinding {
  std::string outbox{};  ///< its name; empty: about the file or a server
  core::Finding finding{};
};

/// Looks at everything that a right configuration names: secret files, PostgreSQL with the tables, Kafka with
/// the topics. `config_file` is for the commands that mend things. Changes nothing; blocks.
[[nodiscard]] std::vector<CheckFinding> check_servers(const config::Config& config,
                                                      const std::string& config_file);

}  // namespace outbox_relay::cli
