#pragma once

#include <string>
#include <vector>

// What PostgreSQL's catalog is asked about a table.
namespace outbox_relay::postgres {

/// Rows of a catalog query, all columns as text, NULL as empty.
using CatalogRows = std::vector<std::vector<std::string>>;

/// What the queries below returned, in their order.
struct Catalog {
  CatalogRows table;
  CatalogRows columns;
  CatalogRows sequence;
};

/// The queries that fill a `Catalog`. Parameters: $1 schema, $2 table, $3 the id column, all text.
extern const std::string catalog_table_sql;
extern const std::string catalog_columns_sql;
extern const char* const catalog_sequence_sql;

/// Whether there is an index of the rows that have a value in a column, and of no others. Both are SQL: the
/// oid of the table, the name of the column.
[[nodiscard]] std::string has_index_of_values(const std::string& relation, const std::string& column);

/// A WITH clause: `tree` has the oids of a table, its partitions and theirs. `root` is an expression.
[[nodiscard]] std::string partition_tree(const std::string& root);
/// The sum of their files, as an expression.
[[nodiscard]] std::string files_of_tree(const std::string& root);

}  // namespace outbox_relay::postgres
