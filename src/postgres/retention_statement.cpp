#include "postgres/retention_statement.h"

#include <utility>

#include "postgres/placed_rows.h"
#include "postgres/pqxx_adapter.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {

std::optional<core::Failure> missing_sent_time(const Table& table) {
  if (table.sent && is_timestamp(*table.sent)) return std::nullopt;
  return core::Failure{core::Reason::other, core::Remedy::operate,
                       "no column of table " + qualified(table.schema, table.name) +
                           " tells when a row was sent, so none can be deleted for its age",
                       "make the `sent` column a timestamptz, or set `keep_sent: 0s`"};
}

RetentionStatement::RetentionStatement(const Table& table, std::chrono::milliseconds keep_sent)
    : table_(table), keep_sent_(keep_sent) {
  if (auto failure = missing_sent_time(table)) throw core::FailureError(*std::move(failure));
}

Expired RetentionStatement::expire(pqxx::connection& connection, const std::optional<std::string>& after,
                                   std::int64_t watermark,
                                   std::chrono::milliseconds statement_timeout) const {
  Texts parameters{std::to_string(keep_sent_.count())};
  if (table_.sequence) parameters.push_back(std::to_string(watermark));
  if (after) parameters.push_back(*after);
  pqxx::work transaction{connection};
  set_limits(transaction, statement_timeout);
  execute(transaction, asynchronous_commit_sql);
  const auto row = execute(transaction, sql(after.has_value()), parameters)[0];
  Expired expired{row[0].as<std::size_t>(), row[1].as<std::size_t>(), row[2].as<bool>(),
                  optional_text(row[3])};
  transaction.commit();
  return expired;
}

// A row whose time lies ahead (a clock that was wrong, infinity) is neither old nor young: it is passed over.
std::string RetentionStatement::sql(bool has_after) const {
  const auto table = qualified(table_.schema, table_.name);
  const auto id = id_order(table_);
  const auto sent = reference(*table_.sent);
  const std::string cutoff = "now() - $1::bigint * interval '1 ms'";
  std::string expired = sent + " < " + cutoff;
  if (table_.parked_at) expired += " AND " + reference(*table_.parked_at) + " IS NULL";
  std::string range = "true";
  if (table_.sequence) range += " AND " + id + " <= $2::bigint";
  if (has_after) range += " AND " + id + " > " + id_from_text(table_, table_.sequence ? "$3" : "$2");
  const auto own_id = reference(table_.id);
  return "WITH walked AS MATERIALIZED (SELECT " + id + " AS id, " + expired + " AS is_expired, " + sent +
         " >= " + cutoff + " AND " + sent + " <= now() AS is_young FROM " + table + " o WHERE " + range +
         " ORDER BY " + id + " LIMIT " + std::to_string(walked_rows) + "), free AS MATERIALIZED (SELECT " +
         own_id + " AS id FROM " + table + " o WHERE " + own_id +
         " = ANY(ARRAY(SELECT id FROM walked WHERE is_expired)) AND " + expired +
         " FOR UPDATE OF o SKIP LOCKED), deleted AS (DELETE FROM " + table + " o WHERE " + own_id +
         " = ANY(ARRAY(SELECT id FROM free)) AND " + expired +
         " RETURNING 1) SELECT (SELECT count(*) FROM deleted), count(*), coalesce(bool_or(is_young), false),"
         " (SELECT w.id::text FROM walked w ORDER BY w.id DESC LIMIT 1) FROM walked";
}

}  // namespace outbox_relay::postgres
