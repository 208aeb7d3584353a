#include "postgres/inspections.h"
#include "postgres/layout.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {
namespace {

using core::Aspect;
using core::Severity;

/// Rows that are looked at, at one end of the table.
constexpr int looked_at = 1000;

/// A relay that has opened the table once has left a row there.
bool has_been_relayed(pqxx::transaction_base& transaction, const Subject& subject) {
  const auto& schema = subject.wanted.settings.control_schema;
  if (!schema) return false;
  const auto watermarks = read_control_table(transaction, *schema, "watermark");
  if (!watermarks || !watermarks->is_readable) return false;
  return !execute(transaction,
                  "SELECT FROM " + qualified(*schema, "watermark") +
                      " WHERE table_schema = $1 AND table_name = $2 AND table_oid = $3::oid",
                  {subject.table.schema, subject.table.name, std::to_string(subject.table.oid)})
              .empty();
}

/// Up to where `outbox-relay baseline` is to mark; ids that are no numbers are for somebody to choose.
std::string before_sql(const Table& table) {
  if (table.created_at) return "to_char(now(), 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')";
  if (table.id_kind != IdKind::number) return "'ID'";
  return "(SELECT (max(" + quoted_name(table.id.name) + ")::bigint + 1)::text FROM " +
         qualified(table.schema, table.name) + ')';
}

/// How many of the oldest rows there are, whether all are pending, whether the first is older than a day, how
/// many rows the table has about, and where they end.
std::string oldest_sql(const Table& table) {
  const std::string created = table.created_at ? reference(*table.created_at) : "NULL::timestamptz";
  return "SELECT count(*), coalesce(bool_and(pending), false),"
         " coalesce(min(created) < now() - interval '1 day', false),"
         " (SELECT c.reltuples::bigint FROM pg_catalog.pg_class c WHERE c.oid = $1::oid), " +
         before_sql(table) + " FROM (SELECT " + pending_condition(table) + " AS pending, " + created +
         " AS created FROM " + qualified(table.schema, table.name) + " o ORDER BY " + id_order(table) +
         " LIMIT " + std::to_string(looked_at) + ") oldest";
}

}  // namespace

void inspect_history(pqxx::transaction_base& transaction, const Subject& subject, core::Findings& findings) {
  if (!subject.marks() || has_been_relayed(transaction, subject)) return;
  const auto row = execute(transaction, oldest_sql(subject.table), {std::to_string(subject.table.oid)})[0];
  const auto rows = row[0].as<int>();
  const bool is_suspicious = rows == looked_at || row[2].as<bool>();
  if (!row[1].as<bool>() || !is_suspicious) return;
  const auto estimate = std::max<std::int64_t>(row[3].as<std::int64_t>(), rows);
  findings.push_back(
      {Severity::warning, Aspect::postgres_history,
       "none of the oldest rows of table " + subject.relation() + " is marked as sent",
       "the relay would publish the whole table, about " + std::to_string(estimate) +
           " rows: right for a backlog, wrong for rows that were published by other means before "
           "the column was added",
       subject.wanted.mark_history + ' ' + row[4].as<std::string>()});
}

std::optional<core::Bytes> largest_pending(pqxx::transaction_base& transaction, const Subject& subject) {
  const Layout layout{subject.table};
  std::string size;
  for (const Layout::Selected& selected : layout.columns()) {
    if (selected.is_guarded)
      size += (size.empty() ? "" : " + ") + ("coalesce(" + stored_length(selected) + ", 0)");
  }
  if (size.empty()) return std::nullopt;
  const auto row = execute(
      transaction, "SELECT max(size) FROM (SELECT " + size + " AS size, " + pending_condition(subject.table) +
                       " AS pending FROM " + subject.relation() + " o ORDER BY " + id_order(subject.table) +
                       " DESC LIMIT " + std::to_string(looked_at) + ") newest WHERE pending")[0];
  if (row[0].is_null()) return std::nullopt;
  return core::Bytes{row[0].as<std::size_t>()};
}

}  // namespace outbox_relay::postgres
