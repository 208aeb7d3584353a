#include "cli/operating_commands.h"

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "cli/commands.h"
#include "core/failure.h"

namespace outbox_relay::cli {
namespace {

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
  add_outbox_option(*sub, options->outbox);
  add_selection(*sub, *options);
  if (action != ParkedAction::list) add_dry_run_option(*sub, options->dry_run);
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

}  // namespace

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

void add_baseline(CLI::App& app, Command& command) {
  auto* sub =
      app.add_subcommand("baseline", "Mark the history of an old table as sent, before a relay publishes it");
  auto options = std::make_shared<BaselineOptions>();
  add_config_option(*sub, options->config_file);
  add_outbox_option(*sub, options->outbox);
  sub->add_option("--before", options->before,
                  "mark the rows with lower ids than this; or those created before a time")
      ->type_name("ID|TIME")
      ->required();
  sub->add_flag("--beside-relay", options->beside_relay,
                "also while a relay works on the outbox, and may publish a part of the history");
  add_dry_run_option(*sub, options->dry_run);
  add_output_option(*sub, options->output);
  sub->footer(
      "For a table that existed before the relay, and just got its column for sent rows. Works in small "
      "transactions and can be interrupted: a second call goes on behind what is marked. Parked rows stay as "
      "they are. The marked rows will never be published.\n\n"
      "Examples:\n"
      "  outbox-relay baseline -c relay.yaml --outbox orders --before 2026-03-01T00:00:00Z --dry-run\n"
      "  outbox-relay baseline -c relay.yaml --outbox orders --before 120000");
  sub->callback([&command, options] { command = [options] { return baseline(*options); }; });
}

void add_replay(CLI::App& app, Command& command) {
  auto* sub = app.add_subcommand("replay", "Have sent rows published once more");
  auto options = std::make_shared<ReplayOptions>();
  add_config_option(*sub, options->config_file);
  add_outbox_option(*sub, options->outbox);
  auto* from = sub->add_option("--from", options->from,
                               "the first row's id; or the time since which rows were created")
                   ->type_name("ID|TIME");
  auto* to =
      sub->add_option("--to", options->to, "the last row's id; or the time before which they were created")
          ->type_name("ID|TIME");
  from->needs(to);
  to->needs(from);
  sub->add_option("--rate", options->rows_per_second, "rows a second, at the most")
      ->type_name("ROWS")
      ->check(CLI::Range(1, 100'000))
      ->capture_default_str();
  auto* watch = sub->add_option("--watch", options->watch, "follow a replay that was requested before")
                    ->type_name("REPLAY");
  auto* cancel = sub->add_option("--cancel", options->cancel, "end a replay that was requested before")
                     ->type_name("REPLAY");
  watch->excludes(from)->excludes(cancel);
  cancel->excludes(from);
  add_dry_run_option(*sub, options->dry_run);
  add_output_option(*sub, options->output);
  sub->footer(
      "The relay that leads publishes the rows, beside what it relays, within the seconds of "
      "`sample_interval`; "
      "needs the control schema. Each record has its message id and a header `replay`. Interrupting this "
      "command "
      "leaves the replay under way; exits with 1 when it did not publish all.\n\n"
      "Examples:\n"
      "  outbox-relay replay -c relay.yaml --outbox orders --from 1000 --to 2000 --dry-run\n"
      "  outbox-relay replay -c relay.yaml --outbox orders --from 2026-03-01T10:00:00Z --to "
      "2026-03-01T11:00:00Z\n"
      "  outbox-relay replay -c relay.yaml --outbox orders --cancel 7");
  sub->callback([&command, options] {
    if (options->from.empty() && !options->watch && !options->cancel)
      throw CLI::ValidationError("replay", "say which rows: --from and --to");
    command = [options] { return replay(*options); };
  });
}

}  // namespace outbox_relay::cli
