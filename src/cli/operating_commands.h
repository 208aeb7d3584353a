#pragma once

#include "cli/arguments.h"

// The definitions of the commands that change rows; they talk to the database only.
namespace outbox_relay::cli {

void add_parked(CLI::App& app, Command& command);
void add_baseline(CLI::App& app, Command& command);
void add_replay(CLI::App& app, Command& command);

}  // namespace outbox_relay::cli
