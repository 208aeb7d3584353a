#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/diagnosis.h"
#include "core/failure.h"
#include "postgres/identifiers.h"
#include "postgres/settings.h"

// The outbox table as the catalog describes it, and whether the relay can work with it.
namespace outbox_relay::postgres {

/// A column and its type, in the words of `format_type` without a length; for a domain, of the type beneath
/// it.
struct Column {
  std::string name;
  std::string type;
  bool fixed_size = false;  ///< values of this type cannot be large
};

/// How ids compare and travel.
enum class IdKind : std::uint8_t {
  number,  ///< smallint, integer, bigint: as bigint
  text,    ///< text, varchar, char: byte by byte, COLLATE "C"
  uuid,
};

struct Sequence {
  std::string schema;
  std::string name;
  std::uint32_t filenode = 0;  ///< another one after each RESTART, also by TRUNCATE … RESTART IDENTITY
};

struct Table {
  std::string schema;
  std::string name;
  std::uint32_t oid = 0;
  /// Its file, which is another one after TRUNCATE, VACUUM FULL or a rewrite. Of partitions a sum over all of
  /// them, which changes when one of these things happens to any, or when one comes or goes.
  std::uint32_t filenode = 0;
  bool has_partitions = false;  ///< or children by inheritance: a ctid alone does not name a row
  IdKind id_kind = IdKind::number;
  Column id;
  std::optional<Column> message_id;
  std::optional<Column> key;
  std::optional<Column> payload;
  std::optional<Column> headers;
  std::optional<Column> created_at;
  std::optional<Column> sent;
  std::optional<Column> parked_at;   ///< without it no row is parked
  std::optional<Column> attempts;    ///< together with the next or not at all
  std::optional<Column> last_error;  ///< tells refused rows from those behind them
  std::vector<Column> attributes;    ///< in the order of `core::Routing::columns`
  Completion completion = Completion::mark;
  bool parks = false;  ///< those three are there and may be written
  /// Draws the ids, upwards. Without it ids may appear in any order, and there are no gaps to watch.
  std::optional<Sequence> sequence;
  std::optional<std::string> advice;  ///< what makes it slow, with the DDL against it: a line for the log
};

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

/// Something that keeps the relay from working with the table.
struct TableProblem {
  core::Aspect aspect{};
  core::Failure failure;  ///< with remedy `operate` and a hint
};

/// What the relay needs of the table. Adds everything that is missing or not permitted to `found`; the result
/// is whole only where nothing is.
[[nodiscard]] Table examine_table(const TableSettings& settings, std::span<const std::string> attributes,
                                  const Catalog& catalog, std::vector<TableProblem>& found);

/// The same, if everything the relay needs is there and permitted. Throws `core::FailureError` with the first
/// problem otherwise.
[[nodiscard]] Table describe_table(const TableSettings& settings, std::span<const std::string> attributes,
                                   const Catalog& catalog);

/// A WITH clause: `tree` has the oids of a table, its partitions and theirs. `root` is an expression.
[[nodiscard]] std::string partition_tree(const std::string& root);
/// The expression for `Table::filenode` as it is now, of the table with this oid (an expression, too).
[[nodiscard]] std::string filenode_of(const Table& table, const std::string& oid);

/// There is no such table.
[[nodiscard]] core::Failure missing_table(const TableSettings& settings);

/// `o."name"`: the column of the outbox, whose alias is `o` in every statement.
[[nodiscard]] std::string reference(const Column& column);

}  // namespace outbox_relay::postgres
