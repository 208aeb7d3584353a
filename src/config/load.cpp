#include "config/load.h"

#include <algorithm>
#include <utility>

#include "config/outbox_checks.h"
#include "config/presets.h"
#include "config/reader.h"
#include "config/server_checks.h"

namespace outbox_relay::config {
namespace {

constexpr std::string_view smallest_file =
    "a file has at least `postgres.connection`, `kafka.properties` and one item in `outboxes`";

const std::vector<const Option*>& top_options() {
  static const Option outboxes{.name = outboxes_key};
  static const auto options = [] {
    auto all = options_of(daemon_fields());
    all.push_back(&outboxes);
    return all;
  }();
  return options;
}

const std::vector<const Option*>& outbox_options() {
  static const auto options = options_of(outbox_fields());
  return options;
}

void add_missing(const std::vector<const Option*>& options, const Section& section,
                 std::optional<Preset> preset) {
  for (const Option* option : options) {
    const bool is_preset = preset && fills_in(*preset, option->name);
    if (!option->is_required || is_preset || section.find(option->name) != nullptr) continue;
    section.report().add(section.place(option->name), in_quotes(option->name) + " is missing",
                         std::string(option->documentation));
  }
}

/// The preset that an item of `outboxes` names; nothing when it names none that there is.
std::optional<Preset> preset_of(const Section& section) {
  Outbox outbox;
  Report reported_later;
  for (const Field<Outbox>& field : outbox_fields()) {
    if (field.option.name != "preset") continue;
    const Node* node = section.find(field.option.name);
    auto value =
        node == nullptr ? fallback_value(field.option) : read_value(field.option, *node, reported_later);
    if (!value || !reported_later.empty()) return std::nullopt;
    field.store(outbox, *std::move(value));
  }
  return outbox.preset;
}

Outbox read_outbox(Section& section) {
  const auto preset = preset_of(section);
  Outbox outbox = defaults_of(preset.value_or(Preset::none));
  if (!preset) {  // nobody knows which columns there are
    section.read(outbox_fields(), outbox);
    return outbox;
  }
  const std::vector<std::string> preset_columns = std::exchange(outbox.extra_columns, {});
  section.read(outbox_fields(), outbox);
  for (const std::string& column : preset_columns) {
    const bool is_given = std::ranges::find(outbox.extra_columns, column) != outbox.extra_columns.end();
    if (!is_given) outbox.extra_columns.push_back(column);
  }
  add_missing(outbox_options(), section, preset);
  check_outbox(outbox, section);
  return outbox;
}

void read_outboxes(const Section& top, Config& config) {
  Report& report = top.report();
  const Node* list = top.find(outboxes_key);
  if (list == nullptr || list->kind != Node::Kind::list || list->items.empty()) {
    const bool may_hold_secret =
        list != nullptr && list->kind != Node::Kind::null && list->kind != Node::Kind::list;
    if (may_hold_secret) report.hide(list->span);
    if (list == nullptr || !list->is_refused) {
      report.add(top.place(outboxes_key), "`outboxes` needs a list with at least one item",
                 std::string(smallest_file));
    }
    return;
  }
  std::vector<Section> sections;
  sections.reserve(list->items.size());
  for (const Node& item : list->items) {
    if (item.kind == Node::Kind::mapping && !item.is_refused) {
      Section& section = sections.emplace_back(item, outboxes_key, outbox_options(), report);
      config.outboxes.push_back(read_outbox(section));
      if (!top.is_wrong("postgres.control_schema")) {
        check_coordination(config.outboxes.back(), section, config.postgres);
      }
    } else {
      report.hide(item.span);
      if (!item.is_refused) report.add(item.span.begin, "an item of `outboxes` needs a mapping of options");
    }
  }
  check_distinct(config.outboxes, sections, report);
}

void read_file(const Node& root, const Validators& validators, Report& report, Config& config) {
  if (root.kind != Node::Kind::mapping || root.is_refused) {
    const bool is_empty = root.kind == Node::Kind::null;
    if (!is_empty) report.hide(root.span);
    if (root.is_refused) return;
    report.add(root.span.begin, is_empty ? "the file is empty" : "the file needs a mapping of options",
               std::string(smallest_file));
    return;
  }
  Section top(root, "", top_options(), report);
  set_defaults(daemon_fields(), config);
  top.read(daemon_fields(), config);
  add_missing(top_options(), top, std::nullopt);
  check_postgres(config.postgres, top, validators);
  check_kafka(top, validators);
  read_outboxes(top, config);
}

}  // namespace

std::variant<Config, Problems> load(std::string_view file_name, std::string text,
                                    const Environment& environment, const Validators& validators) {
  const Source source(std::move(text));
  Report report;
  Config config;
  if (auto root = parse_document(source, report)) {
    expand(*root, environment, report);
    read_file(*root, validators, report, config);
  }
  if (report.empty()) return config;
  return std::move(report).take(file_name, source);
}

}  // namespace outbox_relay::config
