#include "postgres/statements.h"

#include <algorithm>

#include "postgres/placed_rows.h"

namespace outbox_relay::postgres {
namespace {

using Form = Layout::Form;

std::string join(const std::vector<std::string>& parts, const std::string& separator) {
  std::string text;
  for (const auto& part : parts) text += (text.empty() ? "" : separator) + part;
  return text;
}

std::string alias(std::size_t column) {
  return "c" + std::to_string(column);
}

bool needs_conversion(const Layout::Selected& selected) {
  return selected.is_guarded && selected.form == Form::converted;
}

std::string when(const std::string& condition, const std::string& value) {
  return "CASE WHEN " + condition + " THEN " + value + " END";
}

std::string limit_of(const Layout::Selected& selected) {
  return selected.is_payload ? "$1" : "$2";
}

std::string guarded(const Layout::Selected& selected, const std::string& is_large) {
  const std::string token = selected.form == Form::bytes ? "$4" : "$3";
  return "CASE WHEN " + is_large + " THEN " + token + " ELSE " + output(selected, selected.column) + " END";
}

}  // namespace

// The flush position comes second: read before the other, it would be older than need be.
const char* const positions_sql =
    "SELECT pg_current_wal_insert_lsn(), pg_current_wal_flush_lsn(), clock_timestamp()";
const char* const flush_position_sql = "SELECT pg_current_wal_flush_lsn()";

core::LogPosition read_position(const Result& result, int column) {
  return {static_cast<std::uint64_t>(result.bigint(0, column))};
}

std::string pending_condition(const Table& table) {
  std::vector<std::string> conditions;
  if (const auto& sent = table.sent) {
    const auto column = reference(*sent);
    if (is_timestamp(*sent)) {
      conditions.push_back(column + " IS NULL");
    } else {
      conditions.push_back(sent->type == "boolean" ? "NOT " + column : column + " = 0");
    }
  }
  if (table.parked_at) conditions.push_back(reference(*table.parked_at) + " IS NULL");
  return conditions.empty() ? "true" : join(conditions, " AND ");
}

std::string sent_condition(const Table& table) {
  const auto column = reference(*table.sent);
  std::string condition = column;
  if (is_timestamp(*table.sent)) {
    condition += " IS NOT NULL";
  } else if (table.sent->type != "boolean") {
    condition += " <> 0";
  }
  return table.parked_at ? condition + " AND " + reference(*table.parked_at) + " IS NULL" : condition;
}

std::string id_order(const Table& table) {
  const auto column = reference(table.id);
  return table.id_kind == IdKind::text ? column + " COLLATE \"C\"" : column;
}

std::string stored_length(const Layout::Selected& selected) {
  const std::string function = needs_conversion(selected) ? "pg_column_size" : "octet_length";
  return function + "(" + selected.column + ")";
}

std::string output(const Layout::Selected& selected, const std::string& value) {
  if (selected.form == Form::number) return value + "::bigint";
  return selected.form == Form::converted ? value + "::text" : value;
}

bool is_timestamp(const Column& column) {
  return column.type.starts_with("timestamp");
}

std::string sent_value(const Table& table) {
  if (is_timestamp(*table.sent)) return "now()";
  return table.sent->type == "boolean" ? "true" : "1";
}

std::string last_drawn_sql(const Table& table) {
  return "SELECT CASE WHEN s.is_called THEN s.last_value ELSE s.last_value - 1 END FROM " +
         qualified(table.sequence->schema, table.sequence->name) + " s";
}

Statements::Statements(const Table& table, const Layout& layout, int server_version,
                       std::optional<std::string> wanted)
    : table_(table),
      layout_(layout),
      tells_compression_(server_version >= 140000),
      wanted_(wanted ? *std::move(wanted) : pending_condition(table)) {}

std::string Statements::fetch(FetchShape shape) const {
  return shape.is_exact ? exact(shape) : found(quick_columns(), shape);
}

std::string Statements::reread() const {
  return "SELECT " + reread_columns() + " FROM " + qualified(table_.schema, table_.name) + " o WHERE " +
         reference(table_.id) + " = ANY(" + ids_parameter(table_, "$5") + ") AND " +
         pending_condition(table_);
}

std::string Statements::highest() const {
  return "SELECT " + id_output(table_, reference(table_.id)) + " FROM " +
         qualified(table_.schema, table_.name) + " o ORDER BY " + id_order(table_) + " DESC LIMIT 1";
}

std::string Statements::complete() const {
  const auto target = qualified(table_.schema, table_.name) + " o";
  const auto condition = placed_condition(table_);
  if (table_.completion == Completion::remove)
    return "DELETE FROM " + target + " USING " + placed_rows(table_) + " WHERE " + condition;
  return "UPDATE " + target + " SET " + quoted_name(table_.sent->name) + " = " + sent_value(table_) +
         " FROM " + placed_rows(table_) + " WHERE " + condition;
}

std::string Statements::complete_unlocked() const {
  const auto target = qualified(table_.schema, table_.name) + " o";
  const bool removes = table_.completion == Completion::remove;
  const auto free = "WITH free AS MATERIALIZED (SELECT o.ctid AS place, o.tableoid AS place_table FROM " +
                    target + ", " + placed_rows(table_) + " WHERE " + placed_condition(table_) + " FOR " +
                    (removes ? "UPDATE" : "NO KEY UPDATE") + " OF o SKIP LOCKED) ";
  const auto condition = " free WHERE o.ctid = free.place AND o.tableoid = free.place_table RETURNING " +
                         id_output(table_, reference(table_.id));
  if (removes) return free + "DELETE FROM " + target + " USING" + condition;
  return free + "UPDATE " + target + " SET " + quoted_name(table_.sent->name) + " = " + sent_value(table_) +
         " FROM" + condition;
}

std::string Statements::survey() const {
  const auto id = id_order(table_);
  return "SELECT previous, id, number FROM (SELECT id, coalesce(lag(id) OVER page, $1) AS previous, "
         "row_number() OVER page AS number, lead(id) OVER page IS NULL AS is_last FROM (SELECT " +
         id + "::bigint AS id FROM " + qualified(table_.schema, table_.name) + " o WHERE " + id +
         " > $1 AND " + id + " <= $2 ORDER BY " + id +
         " LIMIT $3) found WINDOW page AS (ORDER BY id)) numbered WHERE id > previous + 1 OR is_last ORDER "
         "BY id";
}

// The INSERT takes its lock before it draws an id and keeps it until its commit is visible; so who is seen
// here may still bring a row to a gap, and who is not, never will. An ordinary role sees all of it.
std::string Statements::writers() const {
  std::string tables = "l.relation = $1";
  if (table_.has_partitions) {
    tables = "l.relation IN (" + partition_tree("$1") + " SELECT oid FROM tree)";
  }
  return "SELECT DISTINCT l.virtualtransaction FROM pg_catalog.pg_locks l WHERE l.locktype = 'relation' AND "
         "l.granted "
         "AND l.database = (SELECT d.oid FROM pg_catalog.pg_database d WHERE d.datname = current_database()) "
         "AND " +
         tables +
         " AND l.mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock', "
         "'AccessExclusiveLock') "
         "AND l.pid IS DISTINCT FROM $2 AND l.pid IS DISTINCT FROM $3";
}

std::string Statements::sequence_facts() const {
  return "SELECT (" + last_drawn_sql(table_) + "), (SELECT min(" + id_order(table_) + ")::bigint - 1 FROM " +
         qualified(table_.schema, table_.name) + " o)";
}

std::string Statements::quick_column(const Layout::Selected& selected) const {
  if (!selected.is_guarded) return output(selected, selected.column);
  const std::string limit = limit_of(selected);
  std::string is_large = stored_length(selected) + " > " + limit;
  if (needs_conversion(selected)) {
    // Text can be about twice the size of jsonb. What is compressed can be any size; version 13 cannot say
    // what is.
    is_large +=
        tells_compression_ ? " / 2 OR pg_column_compression(" + selected.column + ") IS NOT NULL" : " / 8";
  }
  return guarded(selected, is_large);
}

std::string Statements::quick_columns() const {
  std::vector<std::string> columns;
  for (const auto& selected : layout_.columns()) {
    columns.push_back(quick_column(selected) + " AS " + alias(columns.size()));
  }
  return join(columns, ", ");
}

/// Guarded by the length of the very text: a row that was published once must come back whole.
std::string Statements::reread_columns() const {
  std::vector<std::string> columns;
  for (const auto& selected : layout_.columns()) {
    const auto value = output(selected, selected.column);
    columns.push_back(!selected.is_guarded
                          ? value
                          : guarded(selected, "octet_length(" + value + ") > " + limit_of(selected)));
  }
  return join(columns, ", ");
}

/// The columns as they are stored, the stored length of each that has to be converted, and of the whole row.
std::string Statements::raw_columns() const {
  std::vector<std::string> columns;
  std::string sum = std::to_string(layout_.row_overhead().count) + "::bigint";
  for (std::size_t at = 0; at < layout_.columns().size(); ++at) {
    const auto& selected = layout_.columns()[at];
    columns.push_back(selected.column + " AS " + alias(at));
    if (!selected.is_guarded) continue;
    const auto length = "coalesce(" + stored_length(selected) + ", 0)";
    if (needs_conversion(selected)) columns.push_back(length + " AS stored_" + alias(at));
    sum += " + " + length;
  }
  // As integer, because sum(bigint) counts in numeric; values beyond 1 GB do not exist.
  columns.push_back("least(" + sum + ", 1073741824)::integer AS stored");
  return join(columns, ", ");
}

std::string Statements::select(const std::string& columns, const std::string& condition) const {
  return "SELECT " + columns + " FROM " + qualified(table_.schema, table_.name) + " o WHERE " + condition +
         " ORDER BY " + id_order(table_) + " LIMIT $5";
}

std::string Statements::between(FetchShape shape) const {
  const auto id = id_order(table_);
  std::string condition;
  if (shape.has_after) condition += id + " > " + id_parameter(table_, "$6") + " AND ";
  if (shape.has_up_to) condition += id + " <= " + id_parameter(table_, "$7") + " AND ";
  return condition + wanted_;
}

std::string Statements::found(const std::string& columns, FetchShape shape) const {
  auto next = select(columns, between(shape));
  if (!shape.with_gaps) return next;
  const auto id = id_order(table_);
  const auto in_gap = select(columns, id + " >= gap.first AND " + id + " <= gap.last AND " + wanted_);
  return "(SELECT late.* FROM unnest($8, $9) AS gap(first, last) CROSS JOIN LATERAL (" + in_gap +
         ") late ORDER BY late.c0 LIMIT $5) UNION ALL (" + next + ")";
}

std::string Statements::exact(FetchShape shape) const {
  const auto rows = found(raw_columns(), shape);
  const auto& columns = layout_.columns();
  const bool converts = std::ranges::any_of(columns, needs_conversion);
  const std::string order = table_.id_kind == IdKind::text ? "c0 COLLATE \"C\"" : "c0";
  const auto page = " WINDOW page AS (ORDER BY " + order + " ROWS UNBOUNDED PRECEDING)";
  const auto measured =
      "SELECT found.*, stored AS size, sum(stored) OVER page AS total, row_number() OVER page AS number "
      "FROM (" +
      rows + ") found" + page;
  const auto totalled = converts ? "SELECT sized.*, sum(size) OVER page AS total FROM (" +
                                       converted(measured) + ") sized" + page
                                 : measured;
  const std::string fits = "(total <= $1 OR number = 1 AND $2 = 1)";
  std::vector<std::string> outputs;
  for (std::size_t at = 0; at < columns.size(); ++at) {
    const bool is_text = needs_conversion(columns[at]);
    const auto value = is_text ? alias(at) : output(columns[at], alias(at));
    outputs.push_back(columns[at].is_guarded ? when(fits, value) : value);
  }
  // The second row comes in any case: behind a large first one it says that there is more.
  return "SELECT " + join(outputs, ", ") + ", " + when("NOT " + fits, "size::bigint") + " FROM (" + totalled +
         ") page WHERE total - size <= $1 OR number <= 2 ORDER BY " + order;
}

/// The rows that fit by their stored size, with the texts of what has to be converted and the size that
/// makes. OFFSET keeps the planner from converting a value wherever it is mentioned.
std::string Statements::converted(const std::string& measured) const {
  std::vector<std::string> columns;
  std::string size = "stored";
  for (std::size_t at = 0; at < layout_.columns().size(); ++at) {
    const auto& selected = layout_.columns()[at];
    if (!needs_conversion(selected)) {
      columns.push_back(alias(at));
      continue;
    }
    columns.push_back(alias(at) + "::text AS " + alias(at));
    columns.push_back("stored_" + alias(at));
    size += " + greatest(coalesce(octet_length(" + alias(at) + "), 0) - stored_" + alias(at) + ", 0)";
  }
  return "SELECT texts.*, " + size + " AS size FROM (SELECT " + join(columns, ", ") +
         ", stored, number FROM (" + measured +
         ") measured WHERE total - size <= $1 OR number <= 2 OFFSET 0) texts";
}

}  // namespace outbox_relay::postgres
