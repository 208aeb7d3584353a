#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"

// What the definitions of several commands share.
namespace outbox_relay::cli {

/// What was asked for on the command line, to be carried out when all of it was read.
using Command = std::function<int()>;

void add_config_option(CLI::App& app, std::string& file);
void add_outbox_option(CLI::App& app, std::string& outbox);
void add_output_option(CLI::App& app, Output& output);
void add_dry_run_option(CLI::App& app, bool& dry_run);

/// What is wrong with a text that is to be one of `known`; empty: nothing.
[[nodiscard]] std::string not_among(const std::string& text, const std::vector<std::string_view>& known);

}  // namespace outbox_relay::cli
