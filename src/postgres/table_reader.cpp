#include "postgres/table_reader.h"

#include <utility>
#include <vector>

namespace outbox_relay::postgres {

namespace {

CatalogRows catalog_rows(const Result& result) {
  CatalogRows rows;
  for (int row = 0; row < result.rows(); ++row) {
    auto& texts = rows.emplace_back();
    for (int column = 0; column < result.columns(); ++column) texts.push_back(result.text(row, column));
  }
  return rows;
}

}  // namespace

awaitable<Table> read_table(Session& session, const TableSettings& table,
                            std::span<const std::string> columns) {
  const auto ask = [&table](const std::string& sql) {
    Query query{sql};
    query.text(table.schema).text(table.name).text(table.id);
    return query;
  };
  std::vector<Query> batch{ask(catalog_table_sql), ask(catalog_columns_sql), ask(catalog_sequence_sql)};
  const auto results = co_await session.run(std::move(batch));
  const Catalog catalog{catalog_rows(results[0]), catalog_rows(results[1]), catalog_rows(results[2])};
  co_return describe_table(table, columns, catalog);
}

}  // namespace outbox_relay::postgres
