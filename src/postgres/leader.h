#pragma once

#include <cstdint>
#include <optional>
#include <pqxx/pqxx>
#include <string>
#include <variant>

#include "postgres/settings.h"

// Who works on an outbox, as far as the server shows it to a command that asks.
namespace outbox_relay::postgres {

/// The session that holds the advisory lock.
struct LockHolder {
  std::int32_t pid = 0;
  /// Nothing: the session is of a role that this one may not look at.
  std::optional<std::string> application_name;
  std::optional<std::string> client_address;  ///< nothing: as above, or it came by a Unix socket
};

/// The relay with the lease. A lease is no session, and tells nothing else of it.
struct LeaseHolder {
  std::string name;  ///< which the relay drew itself
  double seconds_left = 0;
};

using Leader = std::variant<LockHolder, LeaseHolder>;

/// "pid 4711, outbox-relay at 10.0.0.7", or "lease of 5f0c…".
[[nodiscard]] std::string to_text(const Leader& leader);

struct SeenLeader {
  std::optional<Leader> leader;
  /// False: there may be one that cannot be seen, because the outbox has `coordination: none`, or the leases
  /// may not be read.
  bool is_certain = false;
};

[[nodiscard]] SeenLeader find_leader(pqxx::transaction_base& transaction, const Settings& settings);

}  // namespace outbox_relay::postgres
