#pragma once

#include <string>
#include <utility>
#include <vector>

#include "lab.h"

namespace outbox_relay::bench {

/// What the figures depend on, by name: processor, memory, kernel, disk, versions.
using Machine = std::vector<std::pair<std::string, std::string>>;

[[nodiscard]] Machine describe_machine(const Lab& lab);
[[nodiscard]] std::string to_markdown(const Machine& machine);

}  // namespace outbox_relay::bench
