#include <iostream>

#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/outbox_command.h"
#include "config/schema.h"
#include "config/show.h"
#include "config/yaml_text.h"
#include "postgres/connection_view.h"

namespace outbox_relay::cli {
namespace {

int show(const std::string& file) {
  return with_config(file, [](const config::Config& config) {
    const auto connection = postgres::without_secrets(config.postgres.connection.reveal());
    std::cout << config::to_yaml(config, connection.value_or(std::string(config::redacted)));
    return exit_done;
  });
}

}  // namespace

int print_config(const ConfigOptions& options) {
  switch (options.what) {
    case ConfigText::defaults:
      std::cout << config::default_yaml();
      return exit_done;
    case ConfigText::schema:
      std::cout << config::schema();
      return exit_done;
    case ConfigText::show:
      return show(options.config_file);
  }
  return exit_unexpected;
}

}  // namespace outbox_relay::cli
