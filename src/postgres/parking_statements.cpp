#include "postgres/parking_statements.h"

#include "postgres/placed_rows.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {
namespace {

std::string pattern() {
  return "'" + std::string{behind_prefix} + "%'";
}

/// The table as if it had only what is remembered of a parked row.
Table keys_of(Table table) {
  table.message_id.reset();
  table.payload.reset();
  table.headers.reset();
  table.created_at.reset();
  return table;
}

}  // namespace

std::string refused_condition(const Table& table) {
  return reference(*table.parked_at) + " IS NOT NULL AND coalesce(" + reference(*table.last_error) +
         ", '') NOT LIKE " + pattern();
}

std::string held_condition(const Table& table) {
  return reference(*table.parked_at) + " IS NOT NULL AND coalesce(" + reference(*table.last_error) +
         ", '') LIKE " + pattern();
}

// The rows of the subquery have the alias, too: within it, it is theirs.
std::string all_behind(const Table& table) {
  return "(SELECT " + behind_this(table) + " FROM " + qualified(table.schema, table.name) + " o WHERE " +
         refused_condition(table) + ")";
}

std::string orphaned_condition(const Table& table) {
  return held_condition(table) + " AND " + reference(*table.last_error) + " NOT IN " + all_behind(table);
}

std::string behind_this(const Table& table) {
  return "'" + std::string{behind_prefix} + "' || " + reference(table.id) + "::text";
}

ParkingStatements::ParkingStatements(const Table& table)
    : table_(table), keys_(keys_of(table)), layout_(keys_) {}

std::string ParkingStatements::target() const {
  return qualified(table_.schema, table_.name) + " o";
}

std::string ParkingStatements::park() const {
  return "UPDATE " + target() + " SET " + quoted_name(table_.parked_at->name) + " = now(), " +
         quoted_name(table_.attempts->name) + " = coalesce(" + reference(*table_.attempts) + ", 0) + 1, " +
         quoted_name(table_.last_error->name) + " = placed.error FROM " + placed_rows(table_, "error") +
         " WHERE " + placed_condition(table_) + " RETURNING " + id_output(table_, reference(table_.id));
}

// The lock makes it come before a requeue, which then finds the row behind the other one, or after it, and
// then the other row is not parked any more (READ COMMITTED looks again at a row that it has waited for).
std::string ParkingStatements::hold() const {
  return "WITH refused AS MATERIALIZED (SELECT " + behind_this(table_) + " AS behind FROM " + target() +
         " WHERE " + reference(table_.id) + " = ANY(" + ids_parameter(table_, "$7") + ") AND " +
         refused_condition(table_) + " FOR SHARE OF o) UPDATE " + target() + " SET " +
         quoted_name(table_.parked_at->name) + " = now(), " + quoted_name(table_.last_error->name) +
         " = placed.behind FROM " + placed_rows(table_, "behind") +
         ", refused WHERE refused.behind = placed.behind AND " + placed_condition(table_) + " RETURNING " +
         id_output(table_, reference(table_.id));
}

std::string ParkingStatements::measure() const {
  std::string size = "0";
  for (const auto& selected : layout_.columns()) {
    if (selected.is_guarded) size += " + coalesce(pg_column_size(" + selected.column + "), 0)";
  }
  return "SELECT count(*), coalesce(sum(size), 0)::bigint FROM (SELECT " + size + " AS size FROM " +
         target() + " WHERE " + refused_condition(table_) + " LIMIT $1) found";
}

std::string ParkingStatements::parked() const {
  std::string columns;
  for (const auto& selected : layout_.columns()) {
    columns += (columns.empty() ? "" : ", ") + output(selected, selected.column);
  }
  return "SELECT " + columns + " FROM " + target() + " WHERE " + refused_condition(table_) + " ORDER BY " +
         id_order(table_);
}

std::string ParkingStatements::find_released() const {
  const auto id = reference(table_.id);
  return "SELECT asked.id, coalesce(" + id + " IS NOT NULL AND " + pending_condition(table_) +
         ", false) FROM unnest($1) AS asked(id) LEFT JOIN " + target() + " ON " + id + " = " +
         id_parameter(table_, "asked.id") + " WHERE NOT (" + refused_condition(table_) + ")";
}

std::string ParkingStatements::release_orphaned() const {
  const auto lowest = table_.id_kind == IdKind::number ? "min(id)::bigint" : "NULL::bigint";
  return "WITH released AS (UPDATE " + target() + " SET " + quoted_name(table_.parked_at->name) +
         " = NULL, " + quoted_name(table_.last_error->name) + " = NULL WHERE " + orphaned_condition(table_) +
         " RETURNING " + reference(table_.id) + " AS id) SELECT " + lowest + " FROM released";
}

}  // namespace outbox_relay::postgres
