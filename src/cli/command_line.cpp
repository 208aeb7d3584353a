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
#include "config/edit_distance.h"
#include "config/units.h"
#include "core/failure.h"

namespace outbox_relay::cli {
namespace {

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

std::string invalid_reason(const std::string& text) {
  std::vector<std::string_view> labels;
  for (const core::Reason reason : core::all_reasons) labels.push_back(core::to_label(reason));
  return not_among(text, labels);
}

core::Reason to_reason(std::string_view label) {
  return *std::ranges::find(core::all_reasons, label,
                            [](core::Reason reason) { return core::to_label(reason); });
}

/// Which rows; one way of saying so a call.
void add_selection(CLI::App& sub, ParkedOptions& options) {
  auto* id = sub.add_option("--id", options.ids, "the row with this id; may be repeated")->type_name("ID");
  auto* key =
      sub.add_option("--key", options.keys, "the rows of this key; may be repeated")->type_name("KEY");
  auto* reason = sub.add_option_function<std::vector<std::string>>(
                        "--reason",
                        [&options](const std::vector<std::string>& labels) {
                          for (const auto& label : labels) options.reasons.push_back(to_reason(label));
                        },
                        "the rows refused for this reason, as `list` shows it; may be repeated")
                     ->type_name("REASON")
                     ->check(invalid_reason);
  auto* all = sub.add_flag("--all", options.all, "all rows");
  id->excludes(key)->excludes(reason)->excludes(all);
  key->excludes(reason)->excludes(all);
  reason->excludes(all);
}

bool is_selected(const ParkedOptions& options) {
  return options.all || !options.ids.empty() || !options.keys.empty() || !options.reasons.empty();
}

struct ParkedHelp {
  const char* name;
  const char* description;
  const char* footer;
};

ParkedHelp help_of(ParkedAction action) {
  switch (action) {
    case ParkedAction::list:
      return {"list", "Show the rows that Kafka refused, why, and how many rows wait behind each",
              "All of them without a selection. Neither keys nor payloads are shown.\n\n"
              "Examples:\n"
              "  outbox-relay parked list -c relay.yaml --outbox orders\n"
              "  outbox-relay parked list -c relay.yaml --outbox orders --reason too_large --output json"};
    case ParkedAction::requeue:
      return {
          "requeue", "Put refused rows, and those that wait behind them, back into the outbox",
          "A running relay publishes them within 10 s, each key in its order; one that Kafka refuses again "
          "is parked again.\n\n"
          "Examples:\n"
          "  outbox-relay parked requeue -c relay.yaml --outbox orders --id 41 --id 57\n"
          "  outbox-relay parked requeue -c relay.yaml --outbox orders --all --dry-run"};
    case ParkedAction::discard:
      return {
          "discard", "Give refused rows up: they will never be published",
          "The rows count as sent (`completion: mark`) or are deleted; those that wait behind them go back "
          "into the outbox and are published. This cannot be undone.\n\n"
          "Examples:\n"
          "  outbox-relay parked discard -c relay.yaml --outbox orders --id 41\n"
          "  outbox-relay parked discard -c relay.yaml --outbox orders --key customer-7 --dry-run"};
  }
  return {};
}

void add_parked_action(CLI::App& parent, ParkedAction action, Command& command) {
  const ParkedHelp help = help_of(action);
  auto* sub = parent.add_subcommand(help.name, help.description);
  auto options = std::make_shared<ParkedOptions>();
  options->action = action;
  add_config_option(*sub, options->config_file);
  sub->add_option("--outbox", options->outbox, "the outbox, by its `name` in the configuration")
      ->type_name("NAME")
      ->required();
  add_selection(*sub, *options);
  if (action != ParkedAction::list)
    sub->add_flag("--dry-run", options->dry_run, "change nothing, say what would be done");
  add_output_option(*sub, options->output);
  sub->footer(help.footer);
  sub->callback([&command, options, name = help.name] {
    if (options->action != ParkedAction::list && !is_selected(*options)) {
      throw CLI::ValidationError("parked " + std::string(name),
                                 "say which rows: --id, --key, --reason or --all");
    }
    command = [options] { return parked(*options); };
  });
}

void add_parked(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("parked", "Show, requeue or discard the rows that Kafka refused");
  for (const ParkedAction action : {ParkedAction::list, ParkedAction::requeue, ParkedAction::discard})
    add_parked_action(*sub, action, command);
  sub->require_subcommand(1);
  sub->footer(
      "They ask and write to the database only, with the grants of the relay's role; the relay need not "
      "run.\n\n"
      "Examples:\n"
      "  outbox-relay parked list -c relay.yaml --outbox orders\n"
      "  outbox-relay parked requeue -c relay.yaml --outbox orders --id 41\n"
      "  outbox-relay parked discard -c relay.yaml --outbox orders --id 41");
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
  add_parked(app, command);
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
