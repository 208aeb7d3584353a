#include <iostream>
#include <variant>

#include "cli/check_report.h"
#include "cli/commands.h"
#include "cli/config_file.h"
#include "cli/exit_code.h"
#include "cli/server_check.h"

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

void describe(const config::Config& config) {
  for (const config::Outbox& outbox : config.outboxes) {
    std::cout << "outbox " << outbox.name << ": rows of " << config::to_text(outbox.table) << " go to "
              << outbox.topic.written << " and are " << to_text(outbox.completion) << '\n';
  }
}

int refuse_file(const std::string& problems, const CheckOptions& options) {
  if (options.output == Output::text) {
    std::cout << problems;
    return exit_configuration;
  }
  const std::vector<CheckFinding> findings{
      {"", {core::Severity::error, core::Aspect::configuration, problems, "the relay does not start", ""}}};
  std::cout << to_json(options.config_file, false, findings);
  return exit_code_of(findings);
}

}  // namespace

int check(const CheckOptions& options) {
  const auto result = load_config(options.config_file);
  if (const auto* problems = std::get_if<config::Problems>(&result))
    return refuse_file(config::to_text(*problems), options);
  const auto& config = std::get<config::Config>(result);
  if (options.output == Output::text) {
    std::cout << options.config_file << ": ok\n";
    describe(config);
    std::cout.flush();  // what follows may take its time
  }
  std::vector<CheckFinding> findings;
  if (options.connect) findings = check_servers(config, options.config_file);
  if (options.output == Output::json) {
    std::cout << to_json(options.config_file, options.connect, findings);
  } else if (options.connect) {
    std::cout << to_text(findings);
  }
  return exit_code_of(findings);
}

}  // namespace outbox_relay::cli
