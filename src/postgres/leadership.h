#pragma once

#include <boost/asio/awaitable.hpp>
#include <memory>
#include <optional>

#include "postgres/session.h"
#include "postgres/settings.h"
#include "relay/ports.h"

namespace outbox_relay::postgres {

/// How relays of one outbox agree on the one that works. Each way has its class; relays that were configured
/// in different ways stand by for each other, too.
///
/// Used on the session that completes rows, so that a relay without the lead cannot complete. Throws
/// `core::FailureError`.
class Leadership {
 public:
  virtual ~Leadership() = default;

  /// Takes the lead if nobody has it. Cheap while somebody has.
  virtual awaitable<std::optional<relay::Lead>> take(Session& session) = 0;
  /// Proves that this relay has the lead still, and that it is alive. Fails with remedy `rebuild` when it has
  /// not.
  virtual awaitable<void> keep(Session& session) = 0;
  virtual awaitable<void> give_up(Session& session) = 0;
};

[[nodiscard]] std::unique_ptr<Leadership> make_leadership(const Settings& settings);

}  // namespace outbox_relay::postgres
