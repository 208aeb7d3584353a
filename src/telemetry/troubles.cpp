#include "telemetry/troubles.h"

#include <algorithm>
#include <cstddef>
#include <functional>
#include <utility>

namespace outbox_relay::telemetry {

void Troubles::happened(Message message, std::string subject, const core::Failure& failure, WallTime now) {
  const std::lock_guard lock(mutex_);
  auto& trouble = latest_[message];
  if (!trouble.lasts) trouble = {.message = message, .since = now};
  trouble.subject = std::move(subject);
  trouble.failure = failure;
  trouble.latest = now;
  ++trouble.times;
  trouble.lasts = message != Message::row_dead_lettered;  // nobody has to wait for it, or to decide
}

void Troubles::lasts(Message message, bool lasts) {
  const std::lock_guard lock(mutex_);
  if (const auto found = latest_.find(message); found != latest_.end()) found->second.lasts = lasts;
}

void Troubles::begun() {
  const std::lock_guard lock(mutex_);
  for (auto& [message, trouble] : latest_) trouble.lasts = trouble.lasts && message == Message::row_parked;
}

std::vector<Trouble> Troubles::worth_showing() const {
  std::vector<Trouble> troubles;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [message, trouble] : latest_) troubles.push_back(trouble);
  }
  std::ranges::stable_sort(troubles, std::ranges::greater{}, &Trouble::latest);
  const auto over = std::ranges::stable_partition(troubles, &Trouble::lasts);
  const bool nothing_lasts = over.begin() == troubles.begin();
  troubles.erase(nothing_lasts && !troubles.empty() ? over.begin() + 1 : over.begin(), troubles.end());
  return troubles;
}

}  // namespace outbox_relay::telemetry
