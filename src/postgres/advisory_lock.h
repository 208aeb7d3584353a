#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "postgres/leadership.h"

namespace outbox_relay::postgres {

/// Calls one of PostgreSQL's functions for advisory locks with the lock of a table; no row without such a
/// table. $1 schema, $2 table, both text; $3 integer: `lock_class`.
[[nodiscard]] std::string advisory_lock_sql(const std::string& function);

/// The lead is a session advisory lock, whose key is the table itself and not its name. It lives as long as
/// the session that completes rows, so a relay without it cannot complete.
///
/// The server ends that session after `Settings::lock_time` of silence, by `idle_session_timeout` (PostgreSQL
/// 14 and later) or because nothing answers its keepalives; so that bounds for how long a relay that is
/// paused or cut off keeps others waiting, and nobody takes over earlier. Not so when an administrator ends
/// the session, or the server restarts: then two relays may publish side by side until the old one speaks to
/// the server again.
class AdvisoryLock final : public Leadership {
 public:
  explicit AdvisoryLock(const Settings& settings) : settings_(settings) {}

  awaitable<std::optional<relay::Lead>> take(Session& session) override;
  awaitable<void> keep(Session& session) override;
  awaitable<void> give_up(Session& session) override;

 private:
  /// The session that held the lock last, so that it is told apart from anybody else's.
  struct Holder {
    std::int32_t pid = 0;
    std::string started;
  };

  awaitable<bool> take_from_own_past(Session& session);
  [[nodiscard]] Query lock(const char* function) const;

  Settings settings_;
  std::optional<Holder> holder_;
};

}  // namespace outbox_relay::postgres
