#include "postgres/placed_rows.h"

#include <vector>

#include "postgres/statements.h"

namespace outbox_relay::postgres {

void add_placed_rows(Query& query, const Table& table, std::span<const PlacedRow> rows) {
  std::vector<core::RowPlace> places;
  std::vector<const core::RowId*> ids;
  places.reserve(rows.size());
  ids.reserve(rows.size());
  for (const auto& row : rows) {
    places.push_back(row.place);
    ids.push_back(row.id);
  }
  query.places(places, table.has_partitions);
  add_ids(query, table, ids);
  query.oid(table.oid).oid(table.filenode);
}

std::string placed_rows(const Table& table, const std::string& more) {
  std::string arrays = table.has_partitions ? "$1, $2, $3" : "$1, $3";
  std::string names = table.has_partitions ? "place, place_table, id" : "place, id";
  if (!more.empty()) {
    arrays += ", $6";
    names += ", " + more;
  }
  return "unnest(" + arrays + ") AS placed(" + names + ")";
}

// The file is compared once a statement, not once a row.
std::string placed_condition(const Table& table) {
  const std::string its_table = table.has_partitions ? "placed.place_table" : "$4";
  return "o.ctid = placed.place AND o.tableoid = " + its_table + " AND " + reference(table.id) + " = " +
         id_parameter(table, "placed.id") + " AND " + filenode_of(table, "$4") + " = $5 AND " +
         pending_condition(table);
}

void add_ids(Query& query, const Table& table, std::span<const core::RowId* const> ids) {
  if (table.id_kind == IdKind::number) {
    std::vector<std::int64_t> numbers;
    numbers.reserve(ids.size());
    for (const auto* id : ids) numbers.push_back(id->number());
    query.bigints(numbers);
    return;
  }
  std::vector<std::string> texts;
  texts.reserve(ids.size());
  for (const auto* id : ids) texts.push_back(id->text());
  query.texts(texts);
}

std::string id_parameter(const Table& table, const std::string& parameter) {
  if (table.id_kind == IdKind::uuid) return parameter + "::uuid";
  return table.id.type == "character" ? parameter + "::bpchar" : parameter;
}

std::string id_from_text(const Table& table, const std::string& parameter) {
  return table.id_kind == IdKind::number ? parameter + "::bigint" : id_parameter(table, parameter);
}

std::string ids_parameter(const Table& table, const std::string& parameter) {
  const auto element = id_parameter(table, parameter);
  return element == parameter ? element : element + "[]";
}

std::string id_output(const Table& table, const std::string& id) {
  return id + (table.id_kind == IdKind::number ? "::bigint" : "::text");
}

core::RowId read_id(const Result& result, int row, const Table& table) {
  return table.id_kind == IdKind::number ? core::RowId{result.bigint(row, 0)}
                                         : core::RowId{result.text(row, 0)};
}

}  // namespace outbox_relay::postgres
