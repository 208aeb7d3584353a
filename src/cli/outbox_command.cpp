#include "cli/outbox_command.h"

#include <algorithm>
#include <iostream>
#include <string_view>
#include <variant>
#include <vector>

#include "cli/config_file.h"
#include "cli/exit_code.h"
#include "config/edit_distance.h"

namespace outbox_relay::cli {
namespace {

/// Nothing when there is no outbox of that name, or there are several and no name is given.
const config::Outbox* find_outbox(const config::Config& config, const std::string& name) {
  const auto& outboxes = config.outboxes;
  if (name.empty() && outboxes.size() == 1) return &outboxes.front();
  const auto found = std::ranges::find(outboxes, name, &config::Outbox::name);
  return found == outboxes.end() ? nullptr : &*found;
}

int refuse_outbox(const config::Config& config, const std::string& file, const std::string& outbox) {
  std::vector<std::string_view> names;
  for (const config::Outbox& each : config.outboxes) names.push_back(each.name);
  std::cerr << "outbox-relay: " << file;
  if (outbox.empty()) {
    std::cerr << " has several outboxes: say which, --outbox NAME";
  } else {
    std::cerr << " has no outbox `" << outbox << '`';
  }
  if (const auto meant = config::nearest(outbox, names)) std::cerr << " (did you mean `" << *meant << "`?)";
  std::cerr << "\n  hint: it has";
  for (const std::string_view name : names)
    std::cerr << (name == names.front() ? " `" : ", `") << name << '`';
  std::cerr << '\n';
  return exit_usage;
}

}  // namespace

int with_config(const std::string& file, const ConfigWork& work) {
  const auto loaded = load_config(file);
  if (const auto* problems = std::get_if<config::Problems>(&loaded)) {
    std::cerr << config::to_text(*problems);
    return exit_configuration;
  }
  try {
    return work(std::get<config::Config>(loaded));
  } catch (const core::FailureError& error) {
    std::cerr << to_text(error.failure());
    return exit_unavailable;
  }
}

int with_outbox(const std::string& file, const std::string& name, const OutboxWork& work) {
  return with_config(file, [&](const config::Config& config) {
    const config::Outbox* outbox = find_outbox(config, name);
    return outbox == nullptr ? refuse_outbox(config, file, name) : work(config, *outbox);
  });
}

std::string to_text(const core::Failure& failure) {
  std::string text = "outbox-relay: " + failure.message + '\n';
  if (!failure.hint.empty()) text += "  hint: " + failure.hint + '\n';
  return text;
}

}  // namespace outbox_relay::cli
