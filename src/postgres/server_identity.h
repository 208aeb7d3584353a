#pragma once

#include <boost/asio/awaitable.hpp>
#include <cstdint>
#include <string>

#include "postgres/session.h"

namespace outbox_relay::postgres {

/// Of the cluster.
extern const char* const system_identifier_sql;
/// The one that the log is written in, 0 on a standby; integer.
extern const char* const timeline_sql;

/// Which server a session reached, and in which of its lives.
struct ServerIdentity {
  std::string address;                 ///< as the server sees itself; empty over a Unix socket
  std::string started;                 ///< when its postmaster started, as `Session::server_started`
  std::int64_t system_identifier = 0;  ///< of the cluster; a standby shares it with its primary
  std::int32_t timeline = 0;

  friend bool operator==(const ServerIdentity&, const ServerIdentity&) = default;
};

/// Throws `core::FailureError`: with reason `read_only` unless the server is a writable primary, with remedy
/// `operate` when it is too old.
awaitable<ServerIdentity> read_identity(Session& session);

}  // namespace outbox_relay::postgres
