#include "postgres/server_identity.h"

#include "core/failure.h"

namespace outbox_relay::postgres {

const char* const system_identifier_sql = "(SELECT system_identifier FROM pg_control_system())";

// pg_control_checkpoint() lags behind a promotion.
const char* const timeline_sql = R"(
       CASE WHEN pg_is_in_recovery() THEN 0
            ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::integer END)";

awaitable<ServerIdentity> read_identity(Session& session) {
  constexpr int oldest_version = 130000;
  if (session.server_version() < oldest_version) {
    throw core::FailureError({core::Reason::other, core::Remedy::operate,
                              "the server is older than PostgreSQL 13", "upgrade the server"});
  }
  const Result row = co_await session.run(Query{
      std::string{"SELECT coalesce(host(inet_server_addr()) || ':' || inet_server_port()::text, ''), "} +
      system_identifier_sql + ", " + timeline_sql +
      ", pg_is_in_recovery() OR current_setting('transaction_read_only')::boolean"});
  if (row.boolean(0, 3)) {
    throw core::FailureError({core::Reason::read_only, core::Remedy::rebuild, "the server takes no writes",
                              "the relay needs the writable primary"});
  }
  ServerIdentity identity;
  identity.address = row.text(0, 0);
  identity.started = session.server_started();
  identity.system_identifier = row.bigint(0, 1);
  identity.timeline = read_number<std::int32_t>(row.bytes(0, 2));
  co_return identity;
}

}  // namespace outbox_relay::postgres
