#pragma once

#include <optional>

#include "core/failure.h"
#include "relay/ports.h"

namespace outbox_relay::kafka {

/// Of two producers' troubles the one to be told: what only a person can mend comes first. Null: none.
[[nodiscard]] const core::Failure* graver(const core::Failure* a, const core::Failure* b);

/// Tells when trouble begins, when it turns into another kind, and when it is over; a sink's producers share
/// one, so that their connections to the same brokers tell it once.
class TroubleTeller {
 public:
  /// `now`: the gravest that any producer has; null when none has any.
  void tell(const core::Failure* now, relay::SinkEvents& into);

 private:
  std::optional<core::Remedy> told_;
};

}  // namespace outbox_relay::kafka
