#include "core/age.h"

#include <cmath>
#include <cstdint>
#include <utility>

namespace outbox_relay::core {

std::string to_age(double seconds) {
  constexpr std::pair<std::int64_t, const char*> units[] = {{86'400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
  auto left = static_cast<std::int64_t>(std::floor(seconds));
  std::string text;
  int shown = 0;
  for (const auto& [length, unit] : units) {
    if (shown == 2) break;
    if (left < length && shown == 0) continue;
    text += (shown++ == 0 ? "" : " ") + std::to_string(left / length) + unit;
    left %= length;
  }
  return shown == 0 ? "0s" : text;
}

}  // namespace outbox_relay::core
