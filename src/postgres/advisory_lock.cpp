#include "postgres/advisory_lock.h"

#include "core/failure.h"
#include "postgres/other_relay.h"
#include "postgres/table.h"

namespace outbox_relay::postgres {
namespace {

const char* const this_session_sql = R"(
SELECT a.backend_start::text FROM pg_catalog.pg_stat_activity a WHERE a.pid = pg_catalog.pg_backend_pid())";

// Numbers of processes are used again, so it has to be the one that began then, and has the lock.
const char* const end_session_sql = R"(
SELECT pg_catalog.pg_terminate_backend(a.pid)
  FROM pg_catalog.pg_stat_activity a
 WHERE a.pid = $1 AND a.backend_start::text = $2 AND a.usename = current_user
   AND EXISTS (SELECT FROM pg_catalog.pg_locks l
                WHERE l.locktype = 'advisory' AND l.pid = a.pid AND l.classid = $3 AND l.objsubid = 2))";

const char* const keep_sql = R"(
SELECT EXISTS (
  SELECT FROM pg_catalog.pg_locks l
   WHERE l.locktype = 'advisory' AND l.pid = pg_catalog.pg_backend_pid() AND l.classid = $1
     AND l.objsubid = 2))";

const char* const unlock_sql = "SELECT pg_catalog.pg_advisory_unlock_all()";

}  // namespace

// The key's halves are signed, an oid is not: the upper half of them becomes the negative numbers.
std::string advisory_lock_sql(const std::string& function) {
  return "SELECT pg_catalog." + function +
         "($3, (c.oid::bigint - CASE WHEN c.oid::bigint > 2147483647 THEN 4294967296 ELSE 0 END)::integer)"
         " FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
         " WHERE n.nspname = $1 AND c.relname = $2";
}

Query AdvisoryLock::lock(const char* function) const {
  Query query{advisory_lock_sql(function)};
  query.text(settings_.table.schema).text(settings_.table.name).integer(lock_class);
  return query;
}

awaitable<std::optional<relay::Lead>> AdvisoryLock::take(Session& session) {
  const Result tried = co_await session.run(lock("pg_try_advisory_lock"));
  if (tried.rows() == 0) throw core::FailureError(missing_table(settings_.table));
  bool is_taken = tried.boolean(0, 0);
  if (!is_taken) is_taken = co_await take_from_own_past(session);
  if (!is_taken) co_return std::nullopt;
  const Result started = co_await session.run(Query{this_session_sql});
  holder_ = Holder{session.backend_pid(), started.text(0, 0)};
  // Only now: of two relays that look for each other after they have taken theirs, one at least sees the
  // other.
  const bool is_leased = co_await holds_lease(session, settings_);
  if (is_leased) {
    co_await give_up(session);
    co_return std::nullopt;
  }
  // The margin is for what lies between the server's measure of time and ours.
  co_return relay::Lead{settings_.lock_time * 4 / 5};
}

awaitable<bool> AdvisoryLock::take_from_own_past(Session& session) {
  if (!holder_) co_return false;
  Query end{end_session_sql};
  end.integer(holder_->pid).text(holder_->started).oid(static_cast<std::uint32_t>(lock_class));
  const Result ended = co_await session.run(std::move(end));
  if (ended.rows() == 0) {  // it has ended meanwhile, or never had this lock
    holder_.reset();
    const Result tried = co_await session.run(lock("pg_try_advisory_lock"));
    co_return tried.rows() > 0 && tried.boolean(0, 0);
  }
  try {
    const Result waited = co_await session.run(lock("pg_advisory_lock"));
    co_return waited.rows() > 0;
  } catch (const core::FailureError& error) {
    if (error.failure().remedy != core::Remedy::retry) throw;
    co_return false;  // it does not end, or somebody else was faster
  }
}

awaitable<void> AdvisoryLock::keep(Session& session) {
  Query query{keep_sql};
  query.oid(static_cast<std::uint32_t>(lock_class));
  const Result held = co_await session.run(std::move(query));
  if (held.boolean(0, 0)) co_return;
  throw core::FailureError({core::Reason::conflict, core::Remedy::rebuild,
                            "the session has lost the advisory lock by which it leads",
                            "behind a transaction pooler use `coordination: lease`"});
}

awaitable<void> AdvisoryLock::give_up(Session& session) {
  co_await session.run(Query{unlock_sql});
}

}  // namespace outbox_relay::postgres
