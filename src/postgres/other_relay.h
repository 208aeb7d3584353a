#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "postgres/session.h"
#include "postgres/settings.h"

// Traces of another relay at work on an outbox, whatever way of coordination it uses.
namespace outbox_relay::postgres {

/// The first half of the lock's key, "outb"; the second is the table's oid.
inline constexpr std::int32_t lock_class = 0x6f757462;

/// FROM and WHERE: sessions `l` (of pg_locks) but this one that hold the advisory lock of a table. $1 schema,
/// $2 table, both text; $3 oid: `lock_class`. An ordinary role sees them.
extern const char* const lock_holders_sql;
/// The same of the lease `l` that has not run out, in a table of leases.
[[nodiscard]] std::string lease_holder_sql(const std::string& control_schema);

/// Whether another session holds the advisory lock of the table.
awaitable<bool> holds_lock(Session& session, const Settings& settings);
/// Whether there is a lease on the table that has not run out, as far as this role can see.
awaitable<bool> holds_lease(Session& session, const Settings& settings);

}  // namespace outbox_relay::postgres
