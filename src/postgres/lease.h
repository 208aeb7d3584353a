#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "postgres/leadership.h"

namespace outbox_relay::postgres {

/// The lead is a row in the control schema that says until when, by the database's clock. Nothing of it lives
/// in the session, so it works through a transaction pooler.
///
/// Every transaction of the session begins by renewing the lease (`renew_lease` in deploy/sql/control.sql),
/// and fails there when the lease has passed to another relay or the pooler has led the transaction to
/// another server. The renewal locks the row until the transaction ends, so nobody takes over in the middle
/// of one. Each acquisition has an epoch of its own, also a repeated one by the same relay.
class Lease final : public Leadership {
 public:
  explicit Lease(const Settings& settings);

  awaitable<std::optional<relay::Lead>> take(Session& session) override;
  awaitable<void> keep(Session& session) override;
  awaitable<void> give_up(Session& session) override;

 private:
  awaitable<void> check_schema(Session& session) const;
  [[nodiscard]] Query guard(const Session& session) const;

  Settings settings_;
  std::string schema_;
  std::string relation_;
  std::string
      holder_;  ///< this relay's name, drawn at first use and kept, so that it gets its own lease back
  std::int64_t epoch_ = 0;
};

}  // namespace outbox_relay::postgres
