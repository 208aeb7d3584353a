#pragma once

#include <span>
#include <string>

#include "core/row.h"
#include "postgres/query.h"
#include "postgres/result.h"
#include "postgres/table.h"

// Rows addressed by the places where they were read: pairs of ctid and id, because after VACUUM another row
// may lie in a row's place, and a place alone means nothing in another table or in a rewritten one.
namespace outbox_relay::postgres {

/// A row, by the place where it was last seen.
struct PlacedRow {
  core::RowPlace place;
  const core::RowId* id = nullptr;
};

/// Adds $1 tid[], $2 oid[] of the partitions (empty without them), $3 the ids, $4 and $5 which table they
/// were read from.
void add_placed_rows(Query& query, const Table& table, std::span<const PlacedRow> rows);
/// The same as an item of FROM under the name `placed`. `more`: the column that comes with them as $6.
[[nodiscard]] std::string placed_rows(const Table& table, const std::string& more = {});
/// The row `o` is at its place, still the same, and still pending.
[[nodiscard]] std::string placed_condition(const Table& table);

/// Adds ids as an array: bigint[] or text[].
void add_ids(Query& query, const Table& table, std::span<const core::RowId* const> ids);
/// An array's element, or a bound, that travels as bigint or text, as the id's type.
[[nodiscard]] std::string id_parameter(const Table& table, const std::string& parameter);
/// The same for the whole array.
[[nodiscard]] std::string ids_parameter(const Table& table, const std::string& parameter);
/// The same for a bound that travels as text, whatever the kind of ids.
[[nodiscard]] std::string id_from_text(const Table& table, const std::string& parameter);
/// How an id is returned: as bigint or text.
[[nodiscard]] std::string id_output(const Table& table, const std::string& id);
/// The id that a statement returned so, in its first column.
[[nodiscard]] core::RowId read_id(const Result& result, int row, const Table& table);

}  // namespace outbox_relay::postgres
