#include <iostream>

#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/exit_code.h"

namespace outbox_relay::cli {
namespace {

std::string_view to_text(config::Completion completion) {
  switch (completion) {
    case config::Completion::mark:
      return "marked";
    case config::Completion::remove:
      return "deleted";
  }
  return "";
}

}  // namespace

int check(const CheckOptions& options) {
  const auto result = load_config(options.config_file);
  if (const auto* problems = std::get_if<std::string>(&result)) {
    std::cout << *problems;
    return exit_configuration;
  }
  std::cout << options.config_file << ": ok\n";
  for (const config::Outbox& outbox : std::get<config::Config>(result).outboxes) {
    std::cout << "outbox " << outbox.name << ": rows of " << config::to_text(outbox.table) << " go to "
              << outbox.topic.written << " and are " << to_text(outbox.completion) << '\n';
  }
  return exit_done;
}

}  // namespace outbox_relay::cli
