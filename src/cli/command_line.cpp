#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <exception>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/arguments.h"
#include "cli/asking_commands.h"
#include "cli/build_info.h"
#include "cli/commands.h"
#include "cli/exit_code.h"
#include "cli/operating_commands.h"
#include "config/edit_distance.h"
#include "config/units.h"

namespace outbox_relay::cli {
namespace {

void add_run(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("run", "Relay the outboxes of a configuration until a signal comes");
  auto options = std::make_shared<RunOptions>();
  add_config_option(*sub, options->config_file);
  sub->footer(
      "SIGTERM or SIGINT lets what is in flight finish (drain_timeout); a second one leaves at once.\n"
      "SIGHUP reads the configuration again: only outboxes whose settings have changed are restarted, and a\n"
      "file with mistakes changes nothing.\n\n"
      "Examples:\n"
      "  outbox-relay run -c /etc/outbox-relay/relay.yaml\n"
      "  KAFKA_BROKERS=kafka:9092 outbox-relay run -c config/minimal.yaml");
  sub->callback([&command, options] { command = [options] { return run(*options); }; });
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

std::vector<CLI::App*> subcommands(CLI::App& app) {
  return app.get_subcommands([](const CLI::App*) { return true; });
}

/// Says so when an argument is meant as a command and is none.
bool refuse_unknown_command(CLI::App& app, int count, const char* const* arguments) {
  std::string parent;
  CLI::App* current = &app;
  for (int at = 1; at < count; ++at) {
    const std::string_view name = arguments[at];
    std::vector<std::string_view> known;
    CLI::App* next = nullptr;
    for (CLI::App* each : subcommands(*current)) {
      known.push_back(each->get_name());
      if (each->get_name() == name) next = each;
    }
    if (known.empty() || name.starts_with('-')) return false;
    if (next == nullptr) {
      std::cerr << "outbox-relay: unknown command `" << parent << name << '`';
      if (const auto meant = config::nearest(name, known))
        std::cerr << " (did you mean `" << parent << *meant << "`?)";
      std::cerr << "\n  hint: `outbox-relay " << parent << "--help` lists the commands\n";
      return true;
    }
    current = next;
    parent += std::string(name) + ' ';
  }
  return false;
}

/// The command line up to and with the command that was recognised.
std::string recognised(const CLI::App& app) {
  std::string text = app.get_name();
  for (auto parsed = app.get_subcommands(); !parsed.empty(); parsed = parsed.front()->get_subcommands())
    text += ' ' + parsed.front()->get_name();
  return text;
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
  add_status(app, command);
  add_parked(app, command);
  add_baseline(app, command);
  add_replay(app, command);
  add_sql(app, command);
  add_config(app, command);
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
      "  outbox-relay parked list -c relay.yaml --outbox orders\n"
      "  outbox-relay healthcheck --url http://127.0.0.1:8980/readyz\n\n"
      "Exit codes: 0 done, 1 unexpected, 2 usage, 69 a server or object is unavailable, 78 bad "
      "configuration.");

  if (refuse_unknown_command(app, count, arguments)) return exit_usage;
  if (count < 2) {
    std::cerr << app.help();
    return exit_usage;
  }
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0)  // help or version was asked for
      return carry_out([&] { return app.exit(error); });
    std::cerr << "outbox-relay: " << error.what() << "\n  hint: `" << recognised(app) << " --help`\n";
    return exit_usage;
  }
  return carry_out(command);
}

}  // namespace outbox_relay::cli
