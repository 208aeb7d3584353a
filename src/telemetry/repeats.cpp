#include "telemetry/repeats.h"

#include <algorithm>
#include <utility>

namespace outbox_relay::telemetry {

std::optional<Repeats::Said> Repeats::failed(TimePoint now, std::string_view kind) {
  if (!failing_since_) failing_since_ = now;
  begin_interval(now);
  if (lines_ == max_lines_ || std::ranges::find(said_, kind) != said_.end()) {
    ++kept_back_;
    return std::nullopt;
  }
  said_.emplace_back(kind);
  is_trouble_known_ = true;
  return Said{.times = take_line(), .lasting = now - *failing_since_};
}

std::optional<Repeats::Said> Repeats::recovered(TimePoint now) {
  if (!failing_since_) return std::nullopt;
  const auto lasting = now - *std::exchange(failing_since_, std::nullopt);
  said_.clear();
  if (!std::exchange(is_trouble_known_, false)) return std::nullopt;
  return Said{.times = std::exchange(kept_back_, 0), .lasting = lasting};
}

std::optional<std::uint64_t> Repeats::news(TimePoint now) {
  begin_interval(now);
  if (lines_ == max_lines_) {
    ++kept_back_;
    return std::nullopt;
  }
  return take_line();
}

void Repeats::begin_interval(TimePoint now) {
  if (interval_start_ && now - *interval_start_ < interval_) return;
  interval_start_ = now;
  said_.clear();
  lines_ = 0;
}

std::uint64_t Repeats::take_line() {
  ++lines_;
  return std::exchange(kept_back_, 0) + 1;
}

}  // namespace outbox_relay::telemetry
