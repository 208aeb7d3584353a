#include "telemetry/repeats.h"

#include <algorithm>
#include <utility>

namespace outbox_relay::telemetry {

std::optional<Repeats::Said> Repeats::failed(TimePoint now, std::string_view kind) {
  if (!failing_since_) failing_since_ = now;
  if (!interval_start_ || now - *interval_start_ >= interval_) {
    interval_start_ = now;
    said_.clear();
    lines_ = 0;
  }
  if (lines_ == max_lines_ || std::ranges::find(said_, kind) != said_.end()) {
    ++kept_back_;
    return std::nullopt;
  }
  said_.emplace_back(kind);
  ++lines_;
  is_trouble_known_ = true;
  return Said{.times = std::exchange(kept_back_, 0) + 1, .lasting = now - *failing_since_};
}

std::optional<Repeats::Said> Repeats::recovered(TimePoint now) {
  if (!failing_since_) return std::nullopt;
  const auto lasting = now - *std::exchange(failing_since_, std::nullopt);
  said_.clear();
  if (!std::exchange(is_trouble_known_, false)) return std::nullopt;
  return Said{.times = std::exchange(kept_back_, 0), .lasting = lasting};
}

}  // namespace outbox_relay::telemetry
