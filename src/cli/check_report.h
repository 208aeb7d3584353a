#pragma once

#include <span>
#include <string>

#include "cli/server_check.h"

// What `outbox-relay check` writes, as text for people and as JSON for machines, and how it ends. Texts end
// with a line feed.
namespace outbox_relay::cli {

[[nodiscard]] std::string to_text(std::span<const CheckFinding> findings);
[[nodiscard]] std::string to_json(const std::string& config_file, bool is_connected,
                                  std::span<const CheckFinding> findings);
[[nodiscard]] int exit_code_of(std::span<const CheckFinding> findings);

}  // namespace outbox_relay::cli
