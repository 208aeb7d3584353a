#include "postgres/parked_rows_statements.h"

#include "postgres/parking_statements.h"
#include "postgres/placed_rows.h"
#include "postgres/statements.h"

namespace outbox_relay::postgres {
namespace {

std::string parameter(Texts& parameters, std::string value) {
  parameters.push_back(std::move(value));
  return "$" + std::to_string(parameters.size());
}

/// The reason's label, as `Parker` writes it; what somebody else wrote has none.
std::string reason_of(const std::string& error) {
  std::string labels;
  for (const auto reason : core::all_reasons) {
    labels += (labels.empty() ? "'" : ", '") + std::string{core::to_label(reason)} + "'";
  }
  const auto label = "split_part(" + error + ", '" + std::string{after_reason} + "', 1)";
  return "CASE WHEN " + label + " IN (" + labels + ") THEN " + label + " ELSE 'other' END";
}

}  // namespace

ParkedRowsStatements::ParkedRowsStatements(const Table& table, const ParkedSelection& selection)
    : table_(table), selection_(selection), target_(qualified(table.schema, table.name) + " o") {}

// Ids and keys are compared as texts: what cannot be an id is simply not found, and the index of parked rows
// keeps the search short.
std::string ParkedRowsStatements::page_condition(const std::optional<std::string>& after,
                                                 Texts& parameters) const {
  std::string condition = "(" + refused_condition(table_) + " OR " + orphaned_condition(table_) + ")";
  if (!selection_.ids.empty()) {
    const auto ids = parameter(parameters, array_literal(selection_.ids));
    condition += " AND " + reference(table_.id) + "::text = ANY(" + ids + "::text[])";
  }
  if (!selection_.keys.empty()) {
    const auto keys = parameter(parameters, array_literal(selection_.keys)) + "::text[]";
    condition += table_.key->type == "bytea"
                     ? " AND " + reference(*table_.key) + " IN (SELECT convert_to(k, 'UTF8') FROM unnest(" +
                           keys + ") k)"
                     : " AND " + reference(*table_.key) + "::text = ANY(" + keys + ")";
  }
  if (!selection_.reasons.empty()) {
    Texts labels;
    for (const auto reason : selection_.reasons) labels.emplace_back(core::to_label(reason));
    condition += " AND " + reason_of("coalesce(" + reference(*table_.last_error) + ", '')") + " = ANY(" +
                 parameter(parameters, array_literal(labels)) + "::text[])";
  }
  if (after) {
    condition += " AND " + id_order(table_) + " > " + id_from_text(table_, parameter(parameters, *after));
  }
  return condition + " ORDER BY " + id_order(table_) + " LIMIT " + std::to_string(page_rows);
}

ParkedStatement ParkedRowsStatements::page(const std::optional<std::string>& after) const {
  Texts parameters;
  const auto created_at = table_.created_at ? reference(*table_.created_at) + "::text" : "NULL";
  const auto has_key = table_.key ? reference(*table_.key) + " IS NOT NULL" : "false";
  const auto sql = "SELECT " + reference(table_.id) + "::text, coalesce(" + reference(*table_.last_error) +
                   ", ''), coalesce(" + reference(*table_.attempts) + ", 0), " +
                   reference(*table_.parked_at) + "::text, " + created_at + ", " + has_key + ", " +
                   behind_this(table_) + " FROM " + target_ + " WHERE " + page_condition(after, parameters);
  return {sql, parameters};
}

ParkedStatement ParkedRowsStatements::act(ParkedAction action,
                                          const std::optional<std::string>& after) const {
  Texts parameters;
  const auto id = reference(table_.id);
  const auto chosen = "WITH chosen AS MATERIALIZED (SELECT " + id + " AS id FROM " + target_ + " WHERE " +
                      page_condition(after, parameters) + " FOR UPDATE OF o) ";
  const auto condition =
      " chosen WHERE " + id + " = chosen.id RETURNING " + id + "::text, " + behind_this(table_);
  const auto unpark = quoted_name(table_.parked_at->name) + " = NULL";
  if (action == ParkedAction::requeue) {
    const auto error = quoted_name(table_.last_error->name);
    return {chosen + "UPDATE " + target_ + " SET " + unpark + ", " + error + " = CASE WHEN NOT (" +
                held_condition(table_) + ") THEN " + reference(*table_.last_error) + " END FROM" + condition,
            parameters};
  }
  if (table_.completion == Completion::remove) {
    return {chosen + "DELETE FROM " + target_ + " USING" + condition, parameters};
  }
  return {chosen + "UPDATE " + target_ + " SET " + quoted_name(table_.sent->name) + " = " +
              sent_value(table_) + ", " + unpark + " FROM" + condition,
          parameters};
}

ParkedStatement ParkedRowsStatements::release(const Texts& errors) const {
  const auto lowest = table_.id_kind == IdKind::number ? "min(id)" : "NULL";
  const auto sql = "WITH released AS (UPDATE " + target_ + " SET " + quoted_name(table_.parked_at->name) +
                   " = NULL, " + quoted_name(table_.last_error->name) + " = NULL WHERE " +
                   held_condition(table_) + " AND " + reference(*table_.last_error) +
                   " = ANY($1::text[]) RETURNING " + reference(table_.id) + " AS id) SELECT count(*), " +
                   lowest + " FROM released";
  return {sql, {array_literal(errors)}};
}

ParkedStatement ParkedRowsStatements::count_behind() const {
  const auto error = reference(*table_.last_error);
  return {"SELECT " + error + ", count(*) FROM " + target_ + " WHERE " + held_condition(table_) +
              " GROUP BY " + error,
          {}};
}

ParkedStatement ParkedRowsStatements::find(const Texts& ids) const {
  const auto id = reference(table_.id);
  const auto error = reference(*table_.last_error);
  return {"SELECT " + id + "::text, CASE WHEN " + held_condition(table_) + " AND " + error + " IN " +
              all_behind(table_) + " THEN substr(" + error + ", " + std::to_string(behind_prefix.size() + 1) +
              ") END FROM " + target_ + " WHERE " + reference(*table_.parked_at) + " IS NOT NULL AND " + id +
              "::text = ANY($1::text[])",
          {array_literal(ids)}};
}

}  // namespace outbox_relay::postgres
