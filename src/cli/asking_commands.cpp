#include "cli/asking_commands.h"

#include <algorithm>
#include <memory>

#include "config/options.h"

namespace outbox_relay::cli {
namespace {

struct Help {
  const char* name;
  const char* description;
  const char* examples;
};

Help help_of(SqlKind kind) {
  switch (kind) {
    case SqlKind::table:
      return {"table", "Print the SQL that makes an outbox table",
              "Examples:\n"
              "  outbox-relay sql table | psql -v ON_ERROR_STOP=1\n"
              "  outbox-relay sql table --preset debezium"};
    case SqlKind::role:
      return {"role", "Print the SQL that makes the relay's role and grants it what it needs",
              "With -c only what the outbox needs is granted, to the user of `postgres.connection`.\n\n"
              "Examples:\n"
              "  outbox-relay sql role | psql -v ON_ERROR_STOP=1\n"
              "  outbox-relay sql role -c relay.yaml --outbox orders"};
    case SqlKind::control:
      return {"control",
              "Print the SQL that makes the schema of the relay's own tables, or brings it up to date",
              "Examples:\n"
              "  outbox-relay sql control | psql -v ON_ERROR_STOP=1\n"
              "  outbox-relay sql control -c relay.yaml"};
    case SqlKind::notify:
      return {"notify", "Print the SQL of a trigger that wakes the relay when rows are committed",
              "Examples:\n"
              "  outbox-relay sql notify | psql -v ON_ERROR_STOP=1\n"
              "  outbox-relay sql notify -c relay.yaml --outbox orders"};
  }
  return {};
}

Help help_of(ConfigText what) {
  switch (what) {
    case ConfigText::defaults:
      return {"defaults", "Print a configuration with every option at its default, and what it means",
              "Example:\n  outbox-relay config defaults > relay.yaml"};
    case ConfigText::schema:
      return {"schema", "Print the JSON Schema of the configuration, for editors",
              "Example:\n  outbox-relay config schema > outbox-relay.schema.json"};
    case ConfigText::show:
      return {"show", "Print what a configuration comes to, with presets, variables and defaults",
              "Secrets are redacted; files named by *_file options are not looked at.\n\n"
              "Example:\n  outbox-relay config show -c relay.yaml"};
  }
  return {};
}

/// The option `preset` of the configuration, whose choices this command has as well.
const config::Option& preset_option() {
  static const auto options = config::options_of(config::outbox_fields());
  return **std::ranges::find(options, "preset", &config::Option::name);
}

/// Presets that come with a table. (Eventuate Tram makes its own.)
std::vector<std::string_view> presets_with_table() {
  std::vector<std::string_view> names;
  for (const config::Choice& choice : preset_option().choices) {
    if (choice.text != "none" && choice.text != "eventuate") names.push_back(choice.text);
  }
  return names;
}

config::Preset to_preset(std::string_view text) {
  config::Preset preset{};
  config::assign(preset, std::string(text), preset_option());
  return preset;
}

void add_sql_kind(CLI::App& parent, SqlKind kind, Command& command) {
  const Help help = help_of(kind);
  auto* sub = parent.add_subcommand(help.name, help.description);
  auto options = std::make_shared<SqlOptions>();
  options->kind = kind;
  auto* file =
      sub->add_option("-c,--config", options->config_file, "a configuration whose names the SQL is to have")
          ->type_name("FILE");
  sub->add_option("--outbox", options->outbox, "the outbox in it, by its `name`, if there are several")
      ->type_name("NAME")
      ->needs(file);
  sub->add_option_function<std::string>(
         "--preset", [options](const std::string& text) { options->preset = to_preset(text); },
         "the kind of table, if it is not said by a configuration")
      ->type_name("PRESET")
      ->check([](const std::string& text) { return not_among(text, presets_with_table()); })
      ->default_str("outbox_relay")
      ->excludes(file);
  sub->footer(help.examples);
  sub->callback([&command, options] { command = [options] { return print_sql(*options); }; });
}

}  // namespace

void add_check(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand(
      "check", "Say all that is wrong with a configuration, and with the servers that it names");
  auto options = std::make_shared<CheckOptions>();
  add_config_option(*sub, options->config_file);
  sub->add_flag("--connect", options->connect,
                "also log in to PostgreSQL and Kafka, and look at tables, grants and topics");
  add_output_option(*sub, options->output);
  sub->footer(
      "Without --connect no server is asked, and files named by *_file options are not looked at. Nothing is "
      "ever changed.\n\n"
      "Exits with 0 when nothing is wrong, warnings aside, with 78 when the file is wrong, with 69 when the "
      "servers are, or what the relay needs there.\n\n"
      "Examples:\n"
      "  outbox-relay check -c /etc/outbox-relay/relay.yaml\n"
      "  outbox-relay check -c /etc/outbox-relay/relay.yaml --connect\n"
      "  KAFKA_BROKERS=kafka:9092 outbox-relay check -c config/minimal.yaml --output json");
  sub->callback([&command, options] { command = [options] { return check(*options); }; });
}

void add_status(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("status", "Show what waits in each outbox, since when, and who relays it");
  auto options = std::make_shared<StatusOptions>();
  add_config_option(*sub, options->config_file);
  add_output_option(*sub, options->output);
  sub->footer(
      "Asks the database only, with a few cheap statements, so it works while no relay runs. Exits with 69 "
      "when something could not be found out.\n\n"
      "Examples:\n"
      "  outbox-relay status -c relay.yaml\n"
      "  outbox-relay status -c relay.yaml --output json");
  sub->callback([&command, options] { command = [options] { return status(*options); }; });
}

void add_sql(CLI::App& app, Command& command) {
  auto* sub =
      app.add_subcommand("sql", "Print the SQL for an outbox table, the relay's role and its own schema");
  for (const SqlKind kind : {SqlKind::table, SqlKind::role, SqlKind::control, SqlKind::notify})
    add_sql_kind(*sub, kind, command);
  sub->require_subcommand(1);
  sub->footer(
      "Prints only; psql, or a migration tool, carries it out.\n\n"
      "Examples:\n"
      "  outbox-relay sql table | psql -v ON_ERROR_STOP=1\n"
      "  outbox-relay sql role -c relay.yaml --outbox orders | psql -v ON_ERROR_STOP=1");
}

void add_config(CLI::App& app, Command& command) {
  auto* sub =
      app.add_subcommand("config", "Print defaults, the JSON Schema, or what a configuration comes to");
  for (const ConfigText what : {ConfigText::defaults, ConfigText::schema, ConfigText::show}) {
    const Help help = help_of(what);
    auto* part = sub->add_subcommand(help.name, help.description);
    auto options = std::make_shared<ConfigOptions>();
    options->what = what;
    if (what == ConfigText::show) add_config_option(*part, options->config_file);
    part->footer(help.examples);
    part->callback([&command, options] { command = [options] { return print_config(*options); }; });
  }
  sub->require_subcommand(1);
  sub->footer(
      "Examples:\n"
      "  outbox-relay config defaults > relay.yaml\n"
      "  outbox-relay config show -c relay.yaml");
}

}  // namespace outbox_relay::cli
