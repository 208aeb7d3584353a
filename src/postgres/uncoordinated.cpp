#include "postgres/uncoordinated.h"

#include "core/failure.h"
#include "postgres/other_relay.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

awaitable<std::optional<relay::Lead>> Uncoordinated::take(Session& session) {
  const bool is_locked = co_await holds_lock(session, settings_);
  const bool is_leased = co_await holds_lease(session, settings_);
  if (is_locked || is_leased) {
    throw core::FailureError(
        {core::Reason::conflict, core::Remedy::operate,
         "another relay works on table " + qualified(settings_.table.schema, settings_.table.name),
         "stop it, or give both `coordination: advisory_lock`, so that one stands by; `none` is for an "
         "outbox "
         "that has one relay"});
  }
  co_return relay::Lead{};
}

awaitable<void> Uncoordinated::keep(Session&) {
  co_return;
}

awaitable<void> Uncoordinated::give_up(Session&) {
  co_return;
}

}  // namespace outbox_relay::postgres
