#include "postgres/lease.h"

#include "core/failure.h"
#include "postgres/control_table.h"
#include "postgres/other_relay.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {
namespace {

const char* const function_arguments = "(text, text, uuid, bigint, bigint, text)";

// Asked of its oid, because a name in a schema that may not be used is an error.
const char* const function_sql = R"(
SELECT (SELECT has_function_privilege(p.oid, 'EXECUTE')
          FROM pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname = $1 AND p.proname = 'renew_lease'
           AND '(' || pg_catalog.oidvectortypes(p.proargtypes) || ')' = $2),
       current_user::text)";

}  // namespace

Lease::Lease(const Settings& settings)
    : settings_(settings),
      schema_(settings.control_schema.value_or("")),
      relation_(qualified(schema_, "lease")) {}

awaitable<std::optional<relay::Lead>> Lease::take(Session& session) {
  if (holder_.empty()) {
    co_await check_schema(session);
    const Result drawn = co_await session.run(Query{"SELECT gen_random_uuid()::text"});
    holder_ = drawn.text(0, 0);
  }
  // While somebody else's lease runs, this neither writes nor waits.
  Query query{
      "INSERT INTO " + relation_ +
      " AS l (table_schema, table_name, holder, epoch, expires_at)"
      " SELECT $1, $2, $3::uuid, 1, clock_timestamp() + $4 * interval '1 ms' WHERE NOT EXISTS (SELECT"
      " FROM " +
      relation_ +
      " o WHERE o.table_schema = $1 AND o.table_name = $2 AND o.holder <> $3::uuid"
      " AND o.expires_at > clock_timestamp())"
      " ON CONFLICT (table_schema, table_name) DO UPDATE SET holder = excluded.holder, epoch = l.epoch +"
      " 1, expires_at = clock_timestamp() + $4 * interval '1 ms'"
      " WHERE l.holder = excluded.holder OR l.expires_at <= clock_timestamp() RETURNING epoch"};
  query.text(settings_.table.schema).text(settings_.table.name).text(holder_);
  query.bigint(settings_.lease_time.count());
  session.guard_with(std::nullopt);
  const Result taken = co_await session.run(std::move(query));
  if (taken.rows() == 0) co_return std::nullopt;
  epoch_ = taken.bigint(0, 0);
  session.guard_with(guard(session));
  // Only now: of two relays that look for each other after they have taken theirs, one at least sees the
  // other.
  const bool is_locked = co_await holds_lock(session, settings_);
  if (is_locked) {
    co_await give_up(session);
    co_return std::nullopt;
  }
  // The margin is for what lies between the server's measure of time and ours.
  co_return relay::Lead{settings_.lease_time * 3 / 4};
}

awaitable<void> Lease::keep(Session& session) {
  co_await session.run(std::vector<Query>{});
}

awaitable<void> Lease::give_up(Session& session) {
  Query query{"UPDATE " + relation_ +
              " SET expires_at = clock_timestamp() WHERE table_schema = $1 AND table_name = $2 AND holder ="
              " $3::uuid AND epoch = $4"};
  query.text(settings_.table.schema).text(settings_.table.name).text(holder_).bigint(epoch_);
  session.guard_with(std::nullopt);
  co_await session.run(std::move(query));
}

awaitable<void> Lease::check_schema(Session& session) const {
  const auto refuse = [](core::Reason reason, std::string message, std::string hint) {
    throw core::FailureError({reason, core::Remedy::operate, std::move(message), std::move(hint)});
  };
  if (schema_.empty()) {
    refuse(core::Reason::missing, "`coordination: lease` needs a control schema",
           "set `postgres.control_schema`, and create it: outbox-relay sql control");
  }
  const auto access = co_await read_control_table(session, schema_, "lease");
  Query query{function_sql};
  query.text(schema_).text(function_arguments);
  const Result function = co_await session.run(std::move(query));
  if (!access || function.is_null(0, 0)) {
    refuse(
        core::Reason::missing,
        "table " + relation_ + " or function renew_lease beside it does not exist, as the lease needs them",
        "run deploy/sql/control.sql (again); it is also printed by: outbox-relay sql control");
  }
  const auto role = quoted_name(function.text(0, 1));
  if (!access->is_writable) {
    refuse(core::Reason::authorization, "table " + relation_ + " may not be read and written",
           "GRANT USAGE ON SCHEMA " + quoted_name(schema_) + " TO " + role +
               "; GRANT SELECT, INSERT, UPDATE ON " + relation_ + " TO " + role);
  }
  if (!function.boolean(0, 0)) {
    const auto signature = qualified(schema_, "renew_lease") + function_arguments;
    refuse(core::Reason::authorization, "function " + signature + " may not be called",
           "GRANT EXECUTE ON FUNCTION " + signature + " TO " + role);
  }
}

Query Lease::guard(const Session& session) const {
  Query query{"SELECT " + quoted_name(schema_) + ".renew_lease($1, $2, $3::uuid, $4, $5, $6)"};
  query.text(settings_.table.schema).text(settings_.table.name).text(holder_).bigint(epoch_);
  query.bigint(settings_.lease_time.count()).text(session.server_started());
  return query;
}

}  // namespace outbox_relay::postgres
