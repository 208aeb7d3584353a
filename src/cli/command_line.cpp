#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <exception>
#include <functional>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "cli/build_info.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "config/edit_distance.h"
#include "config/units.h"

namespace outbox_relay::cli {
namespace {

constexpr std::array<std::string_view, 4> command_names = {"run", "check", "healthcheck", "version"};

using Command = std::function<int()>;

void add_config_option(CLI::App& app, std::string& file) {
  app.add_option("-c,--config", file, "the configuration, a YAML file")->type_name("FILE")->required();
}

void add_run(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("run", "Relay the outboxes of a configuration until a signal comes");
  auto options = std::make_shared<RunOptions>();
  add_config_option(*sub, options->config_file);
  sub->footer(
      "SIGTERM or SIGINT lets what is in flight finish (drain_timeout); a second one leaves at once.\n\n"
      "Examples:\n"
      "  outbox-relay run -c /etc/outbox-relay/relay.yaml\n"
      "  KAFKA_BROKERS=kafka:9092 outbox-relay run -c config/minimal.yaml");
  sub->callback([&command, options] { command = [options] { return run(*options); }; });
}

void add_check(CLI::App& app, Command& command) {
  auto* sub =
      app.add_subcommand("check", "Say all that is wrong with a configuration, without asking a server");
  auto options = std::make_shared<CheckOptions>();
  add_config_option(*sub, options->config_file);
  sub->footer(
      "Exits with 0 when the file is right, with 78 when it is not. Files named by *_file options are not "
      "looked at.\n\n"
      "Examples:\n"
      "  outbox-relay check -c /etc/outbox-relay/relay.yaml\n"
      "  KAFKA_BROKERS=kafka:9092 outbox-relay check -c config/minimal.yaml");
  sub->callback([&command, options] { command = [options] { return check(*options); }; });
}

std::string invalid_duration(const std::string& text) {
  const auto parsed = config::parse_duration(text);
  const auto* wrong = std::get_if<config::Wrong>(&parsed);
  return wrong == nullptr ? std::string() : text + ' ' + wrong->what;
}

void add_healthcheck(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("healthcheck", "Ask a running relay whether it is well");
  auto options = std::make_shared<HealthcheckOptions>();
  auto* url = sub->add_option("--url", options->url, "what to ask")->type_name("URL")->capture_default_str();
  sub->add_option("-c,--config", options->config_file,
                  "take the address from the `http.listen` of this configuration")
      ->type_name("FILE")
      ->excludes(url);
  sub->add_option_function<std::string>(
         "--timeout",
         [options](const std::string& text) {
           options->timeout = std::get<std::chrono::milliseconds>(config::parse_duration(text));
         },
         "time for the answer to come")
      ->type_name("DURATION")
      ->check(invalid_duration)
      ->default_str("5s");
  sub->footer(
      "Exits with 0 when the answer is 200, with 1 when it is another one, with 69 when there is none.\n\n"
      "Examples:\n"
      "  outbox-relay healthcheck\n"
      "  outbox-relay healthcheck --url http://127.0.0.1:8980/readyz\n"
      "  outbox-relay healthcheck -c /etc/outbox-relay/relay.yaml --timeout 2s");
  sub->callback([&command, options] { command = [options] { return healthcheck(*options); }; });
}

void add_version(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("version", "Print the versions of the relay and of the libraries it uses");
  sub->footer("Example:\n  outbox-relay version");
  sub->callback([&command] { command = [] { return version(); }; });
}

/// The first argument when it is meant as a command and is none.
bool is_unknown_command(int count, const char* const* arguments) {
  if (count < 2) return false;
  const std::string_view first = arguments[1];
  return !first.starts_with('-') && std::ranges::find(command_names, first) == command_names.end();
}

int refuse_command(std::string_view name) {
  std::cerr << "outbox-relay: unknown command `" << name << '`';
  if (const auto meant = config::nearest(name, command_names))
    std::cerr << " (did you mean `" << *meant << "`?)";
  std::cerr << "\n  hint: `outbox-relay --help` lists the commands\n";
  return exit_usage;
}

int carry_out(const Command& command) {
  try {
    const int code = command();
    std::cout.flush();
    if (std::cout) return code;
    std::cerr << "outbox-relay: standard output cannot be written\n";
  } catch (const std::exception& error) {
    std::cerr << "outbox-relay: unexpected: " << error.what() << '\n';
  }
  return exit_unexpected;
}

}  // namespace

int run_command_line(int count, const char* const* arguments) {
  CLI::App app{"Relays the rows of PostgreSQL outbox tables to Apache Kafka: none lost, in order, few twice.",
               "outbox-relay"};
  Command command;
  add_run(app, command);
  add_check(app, command);
  add_healthcheck(app, command);
  add_version(app, command);
  app.require_subcommand(1);
  app.set_version_flag("--version", "outbox-relay " + std::string(program_version()));
  app.get_formatter()->column_width(32);
  app.footer(
      "`outbox-relay COMMAND --help` explains a command.\n\n"
      "Examples:\n"
      "  outbox-relay check -c relay.yaml\n"
      "  outbox-relay run -c relay.yaml\n"
      "  outbox-relay healthcheck --url http://127.0.0.1:8980/readyz\n\n"
      "Exit codes: 0 done, 1 unexpected, 2 usage, 69 a server or object is unavailable, 78 bad "
      "configuration.");

  if (is_unknown_command(count, arguments)) return refuse_command(arguments[1]);
  if (count < 2) {
    std::cerr << app.help();
    return exit_usage;
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return app.exit(error);  // help or version was asked for
    std::cerr << "outbox-relay: " << error.what() << "\n  hint: `outbox-relay " << arguments[1]
              << " --help`\n";
    return exit_usage;
  }
  return carry_out(command);
}

}  // namespace outbox_relay::cli
