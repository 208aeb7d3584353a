#include "postgres/other_relay.h"

#include "postgres/control_table.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {

const char* const lock_holders_sql = R"(
  FROM pg_catalog.pg_class c
  JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
  JOIN pg_catalog.pg_locks l ON l.locktype = 'advisory' AND l.granted AND l.objsubid = 2 AND l.objid = c.oid
       AND l.classid = $3 AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
       AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database())
 WHERE n.nspname = $1 AND c.relname = $2)";

std::string lease_holder_sql(const std::string& control_schema) {
  return " FROM " + qualified(control_schema, "lease") +
         " l WHERE l.table_schema = $1 AND l.table_name = $2 AND l.expires_at > clock_timestamp()";
}

awaitable<bool> holds_lock(Session& session, const Settings& settings) {
  Query query{std::string{"SELECT EXISTS (SELECT"} + lock_holders_sql + ")"};
  query.text(settings.table.schema).text(settings.table.name).oid(static_cast<std::uint32_t>(lock_class));
  const Result found = co_await session.run(std::move(query));
  co_return found.boolean(0, 0);
}

awaitable<bool> holds_lease(Session& session, const Settings& settings) {
  if (!settings.control_schema) co_return false;
  const auto access = co_await read_control_table(session, *settings.control_schema, "lease");
  if (!access || !access->is_readable) co_return false;
  Query query{"SELECT" + lease_holder_sql(*settings.control_schema)};
  query.text(settings.table.schema).text(settings.table.name);
  const Result lease = co_await session.run(std::move(query));
  co_return lease.rows() > 0;
}

}  // namespace outbox_relay::postgres
