#pragma once

#include "postgres/leadership.h"

namespace outbox_relay::postgres {

/// The user sees to it that one relay works. Refused while another one can be seen that does not rely on
/// that.
class Uncoordinated final : public Leadership {
 public:
  explicit Uncoordinated(const Settings& settings) : settings_(settings) {}

  awaitable<std::optional<relay::Lead>> take(Session& session) override;
  awaitable<void> keep(Session& session) override;
  awaitable<void> give_up(Session& session) override;

 private:
  Settings settings_;
};

}  // namespace outbox_relay::postgres
