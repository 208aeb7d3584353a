#include "cli/arguments.h"

#include <algorithm>

#include "config/edit_distance.h"

namespace outbox_relay::cli {

void add_config_option(CLI::App& app, std::string& file) {
  app.add_option("-c,--config", file, "the configuration, a YAML file")->type_name("FILE")->required();
}

void add_outbox_option(CLI::App& app, std::string& outbox) {
  app.add_option("--outbox", outbox, "the outbox, by its `name` in the configuration")
      ->type_name("NAME")
      ->required();
}

void add_output_option(CLI::App& app, Output& output) {
  app.add_option_function<std::string>(
         "--output",
         [&output](const std::string& text) { output = text == "json" ? Output::json : Output::text; },
         "text for people, json for machines")
      ->type_name("FORMAT")
      ->check([](const std::string& text) { return not_among(text, {"text", "json"}); })
      ->default_str("text");
}

void add_dry_run_option(CLI::App& app, bool& dry_run) {
  app.add_flag("--dry-run", dry_run, "change nothing, say what would be done");
}

std::string not_among(const std::string& text, const std::vector<std::string_view>& known) {
  if (std::ranges::find(known, text) != known.end()) return {};
  std::string what = text + " is not one of";
  for (const std::string_view each : known) what += (each == known.front() ? " " : ", ") + std::string(each);
  if (const auto meant = config::nearest(text, known)) what += " (did you mean " + std::string(*meant) + "?)";
  return what;
}

}  // namespace outbox_relay::cli
