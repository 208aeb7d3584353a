#pragma once

#include "postgres/query.h"
#include "postgres/result.h"
#include "postgres/table.h"

// Whether the name of the outbox still means the table that was described, with the rows that it had. It does
// not after a swap by RENAME, and in a sense not after TRUNCATE, VACUUM FULL or a rewrite by ALTER TABLE:
// there rows lie elsewhere, or others in their place, and the sequence may have been restarted.
namespace outbox_relay::postgres {

[[nodiscard]] Query table_identity_query(const Table& table);
/// Throws `core::FailureError` with remedy `rebuild` when it is another one.
void check_table_identity(const Result& result, const Table& table);

}  // namespace outbox_relay::postgres
