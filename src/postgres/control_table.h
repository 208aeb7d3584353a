#pragma once

#include <boost/asio/awaitable.hpp>
#include <optional>
#include <string>

#include "postgres/session.h"

namespace outbox_relay::postgres {

/// What this role may do with a table of the control schema (deploy/sql/control.sql).
struct ControlTable {
  bool is_readable = false;
  bool is_writable = false;        ///< and readable
  bool has_requeued_from = false;  ///< a watermark table that knows of requeued rows
  bool has_sequence_file = false;  ///< and of restarted sequences
};

/// The question: $1 schema, $2 table, both text. One row with the columns of `ControlTable`; none without
/// such a table.
extern const char* const control_table_sql;

awaitable<std::optional<ControlTable>> read_control_table(Session& session, std::string schema,
                                                          std::string table);

}  // namespace outbox_relay::postgres
