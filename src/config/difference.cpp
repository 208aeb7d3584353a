#include "config/difference.h"

#include "config/options.h"

namespace outbox_relay::config {

std::vector<std::string_view> differing_options(const Config& one, const Config& other) {
  std::vector<std::string_view> names;
  for (const auto& [option, store, load] : daemon_fields()) {
    if (load(one) != load(other)) names.push_back(option.name);
  }
  return names;
}

}  // namespace outbox_relay::config
