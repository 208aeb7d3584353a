#pragma once

#include "cli/arguments.h"

// The definitions of the commands that change nothing and only tell: their options, help and examples.
namespace outbox_relay::cli {

void add_check(CLI::App& app, Command& command);
void add_status(CLI::App& app, Command& command);
void add_sql(CLI::App& app, Command& command);
void add_config(CLI::App& app, Command& command);

}  // namespace outbox_relay::cli
