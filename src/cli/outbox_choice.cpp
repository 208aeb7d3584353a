#include "cli/outbox_choice.h"

#include <algorithm>
#include <iostream>
#include <string_view>
#include <vector>

#include "config/edit_distance.h"

namespace outbox_relay::cli {

const config::Outbox* choose_outbox(const config::Config& config, const std::string& config_file,
                                    const std::string& name) {
  const auto& outboxes = config.outboxes;
  if (name.empty() && outboxes.size() == 1) return &outboxes.front();
  const auto found = std::ranges::find(outboxes, name, &config::Outbox::name);
  if (found != outboxes.end()) return &*found;

  std::vector<std::string_view> names;
  for (const config::Outbox& outbox : outboxes) names.push_back(outbox.name);
  if (name.empty()) {
    std::cerr << "outbox-relay: " << config_file << " has several outboxes: say which, --outbox NAME";
  } else {
    std::cerr << "outbox-relay: " << config_file << " has no outbox `" << name << '`';
  }
  if (const auto meant = config::nearest(name, names)) std::cerr << " (did you mean `" << *meant << "`?)";
  std::cerr << "\n  hint: it has";
  for (const std::string_view each : names)
    std::cerr << (each == names.front() ? " `" : ", `") << each << '`';
  std::cerr << '\n';
  return nullptr;
}

}  // namespace outbox_relay::cli
