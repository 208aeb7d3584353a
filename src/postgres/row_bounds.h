#pragma once

#include <cstdint>
#include <pqxx/pqxx>
#include <string>

#include "postgres/table.h"

// Ids and times that somebody gives as bounds of rows, on a command line.
namespace outbox_relay::postgres {

/// Microseconds since the epoch, of whatever PostgreSQL takes for a time; without a zone it is UTC. Throws
/// `core::FailureError` when it is none.
[[nodiscard]] std::int64_t read_moment(pqxx::transaction_base& transaction, const std::string& text);

/// Throws `core::FailureError` when it cannot be an id of the table.
void check_id(const Table& table, const std::string& text);

/// A moment as a timestamptz.
[[nodiscard]] std::string moment_sql(std::int64_t microseconds);
/// A timestamptz as microseconds since the epoch.
[[nodiscard]] std::string microseconds_sql(const std::string& time);

}  // namespace outbox_relay::postgres
