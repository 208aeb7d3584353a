#include "kafka/trouble.h"

namespace outbox_relay::kafka {

const core::Failure* graver(const core::Failure* a, const core::Failure* b) {
  if (a == nullptr) return b;
  return b != nullptr && b->remedy == core::Remedy::operate && a->remedy != core::Remedy::operate ? b : a;
}

void TroubleTeller::tell(const core::Failure* now, relay::SinkEvents& into) {
  const auto remedy = now == nullptr ? std::nullopt : std::optional{now->remedy};
  if (remedy == told_) return;
  told_ = remedy;
  into.recovered = now == nullptr;
  into.trouble = now == nullptr ? std::nullopt : std::optional{*now};
}

}  // namespace outbox_relay::kafka
